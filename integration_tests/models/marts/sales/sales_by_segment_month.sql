with lines as (

    select
        date_trunc('month', orders.order_date)::date as month_start,
        orders.market_segment,
        lines.net_price
    from {{ ref('int_order_lines_priced') }} as lines
    inner join {{ ref('int_orders_enriched') }} as orders using (order_id)

)

select
    month_start,
    {%- for segment in var('market_segments') %}
    sum(net_price) filter (where market_segment = '{{ segment }}') as "{{ segment }} revenue",
    {%- endfor %}
    sum(net_price) as "Total revenue"
from lines
group by month_start
