{{
    config(
        materialized='incremental',
        incremental_strategy='append'
    )
}}

select
    order_id,
    line_number,
    customer_id,
    order_date,
    order_priority,
    part_id,
    supplier_id,
    quantity,
    extended_price,
    net_price,
    gross_price,
    return_flag,
    line_status,
    ship_date,
    commit_date,
    receipt_date,
    ship_mode,
    synced_on
from {{ ref('int_order_lines_priced') }}

{% if is_incremental() %}
where synced_on > (select max(synced_on) from {{ this }})
{% endif %}
