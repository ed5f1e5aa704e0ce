with customers as (

    select * from {{ ref('stg_tpch__customers') }}

),

sequence as (

    select * from {{ ref('int_customer_order_sequence') }}

),

history as (

    select
        orders.customer_id,
        min(orders.order_date) as first_order_date,
        max(orders.order_date) as last_order_date,
        max(sequence.order_number) as orders,
        sum(orders.total_price) as lifetime_value
    from {{ ref('stg_tpch__orders') }} as orders
    inner join sequence on orders.order_id = sequence.order_id
    group by orders.customer_id

)

select
    customers.customer_id,
    customers.customer_name,
    customers.market_segment,
    owners.account_manager,
    nations.nation,
    nations.region,
    customers.phone,
    customers.account_balance,
    history.first_order_date,
    history.last_order_date,
    coalesce(history.orders, 0) as orders,
    coalesce(history.lifetime_value, 0) as lifetime_value
from customers
inner join {{ ref('stg_tpch__nations') }} as nations using (nation_id)
left join history using (customer_id)
left join {{ ref('segment_owners') }} as owners using (market_segment)
