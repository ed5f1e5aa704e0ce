with lines as (

    select * from {{ ref('int_order_lines_priced') }}

),

orders as (

    select * from {{ ref('int_orders_enriched') }}

),

returns as (

    select
        order_id,
        sum(amount) as returned_amount
    from {{ ref('int_service_events') }}
    where event_type = 'returned'
    group by order_id

),

per_order as (

    select
        orders.order_id,
        orders.order_date,
        orders.region,
        orders.nation,
        orders.market_segment,
        sum(lines.quantity) as items,
        sum(lines.net_price) as net_revenue
    from orders
    inner join lines on orders.order_id = lines.order_id
    group by 1, 2, 3, 4, 5

)

select
    per_order.order_date,
    per_order.region,
    per_order.nation,
    per_order.market_segment,
    count(*) as orders,
    sum(per_order.items) as items,
    sum(per_order.net_revenue) as net_revenue,
    coalesce(sum(returns.returned_amount), 0) as returned_amount
from per_order
left join returns on per_order.order_id = returns.order_id
group by per_order.order_date, per_order.region, per_order.nation, per_order.market_segment
