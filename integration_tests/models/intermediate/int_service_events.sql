-- everything that a customer may call us about
select
    order_id,
    line_number,
    customer_id,
    receipt_date as event_date,
    'returned' as event_type,
    net_price as amount
from {{ ref('int_order_lines_priced') }}
where return_flag = 'R'

union all

select
    order_id,
    line_number,
    customer_id,
    receipt_date,
    'late',
    0
from {{ ref('int_order_lines_priced') }}
where receipt_date > commit_date

union all

select
    order_id,
    0,
    customer_id,
    order_date,
    'urgent order',
    total_price
from {{ ref('stg_tpch__orders') }}
where order_priority = '1-URGENT'
