{{ config(materialized='view') }}

with deliveries as (

    select
        order_id,
        line_number,
        supplier_id,
        ship_mode,
        ship_date,
        receipt_date,
        receipt_date - ship_date as days_in_transit,
        receipt_date > commit_date as is_late,
        quantity
    from {{ ref('stg_tpch__line_items') }}

)

select
    deliveries.*,
    suppliers.supplier_name,
    nations.nation as supplier_nation,
    nations.region as supplier_region,
    sla.carrier,
    deliveries.days_in_transit <= sla.promised_days as within_promise
from deliveries
inner join {{ ref('stg_tpch__suppliers') }} as suppliers using (supplier_id)
inner join {{ ref('stg_tpch__nations') }} as nations using (nation_id)
left join {{ ref('ship_mode_sla') }} as sla using (ship_mode)
