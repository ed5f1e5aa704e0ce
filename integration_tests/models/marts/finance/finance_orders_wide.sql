select
    orders.*,
    customers.account_manager,
    customers.phone,
    customers.account_balance,
    customers.first_order_date as customer_since,
    customers.orders as customer_orders,
    customers.lifetime_value,
    raw_orders.ship_priority,
    raw_orders.order_comment,
    dates.day_of_week,
    dates.is_weekend,
    dates.week_start,
    dates.month_start,
    dates.quarter_start,
    orders.gross_price - orders.net_price as tax,
    orders.total_price - orders.gross_price as rounding_difference,
    orders.last_ship_date - orders.order_date as days_to_last_shipment
from {{ ref('fct_orders') }} as orders
inner join {{ ref('dim_customers') }} as customers using (customer_id)
inner join {{ ref('dim_dates') }} as dates on orders.order_date = dates.calendar_date
inner join {{ ref('stg_tpch__orders') }} as raw_orders on orders.order_id = raw_orders.order_id
