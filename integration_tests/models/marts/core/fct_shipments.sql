{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key=['order_id', 'line_number'],
    )
}}

select
    order_id,
    line_number,
    customer_id,
    supplier_id,
    part_id,
    ship_mode,
    order_date,
    ship_date,
    commit_date,
    receipt_date,
    line_status,
    quantity,
    synced_on
from {{ ref('int_order_lines_priced') }}
{% if is_incremental() %}
where synced_on >= (
    select max(synced_on) - {{ var('shipment_lookback_days') }} from {{ this }}
)
{% endif %}
