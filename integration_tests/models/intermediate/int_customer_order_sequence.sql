select
    order_id,
    customer_id,
    order_date,
    row_number() over customer_orders as order_number,
    order_date - lag(order_date) over customer_orders as days_since_previous_order
from {{ ref('stg_tpch__orders') }}
window customer_orders as (partition by customer_id order by order_date, order_id)
