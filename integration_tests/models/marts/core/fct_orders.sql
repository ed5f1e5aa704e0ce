with orders as (

    select * from {{ ref('int_orders_enriched') }}
    {% if is_incremental() %}
    where synced_on >= (select max(synced_on) - 1 from {{ this }})
    {% endif %}

),

line_totals as (

    select
        lines.order_id,
        count(*) as line_count,
        sum(lines.quantity) as items,
        sum(lines.net_price) as net_price,
        sum(lines.gross_price) as gross_price,
        max(lines.ship_date) as last_ship_date,
        bool_or(lines.return_flag = 'R') as has_return
    from {{ ref('int_order_lines_priced') }} as lines
    where lines.order_id in (select orders.order_id from orders)
    group by lines.order_id

)

select
    orders.order_id,
    orders.customer_id,
    orders.customer_name,
    orders.market_segment,
    orders.nation,
    orders.region,
    orders.order_status,
    orders.order_date,
    orders.order_priority,
    orders.clerk,
    orders.total_price,
    line_totals.line_count,
    line_totals.items,
    line_totals.net_price,
    line_totals.gross_price,
    line_totals.last_ship_date,
    line_totals.has_return,
    orders.synced_on
from orders
left join line_totals using (order_id)
