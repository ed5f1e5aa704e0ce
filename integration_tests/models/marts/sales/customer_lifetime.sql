with sequence as (

    select * from {{ ref('int_customer_order_sequence') }}

),

totals as (

    select
        customer_id,
        sum(net_price) as net_revenue,
        sum(quantity) as items,
        count(distinct part_id) as distinct_parts
    from {{ ref('fct_order_lines') }}
    group by customer_id

)

select
    totals.*,
    max(sequence.order_number) as orders,
    min(sequence.order_date) as first_order_date,
    max(sequence.order_date) as last_order_date,
    avg(sequence.days_since_previous_order) as mean_days_between_orders,
    ntile(10) over (order by totals.net_revenue desc, totals.customer_id) as value_decile
from totals
inner join sequence using (customer_id)
group by totals.customer_id, totals.net_revenue, totals.items, totals.distinct_parts
