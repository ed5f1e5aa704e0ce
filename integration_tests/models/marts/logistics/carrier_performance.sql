{{ config(materialized='materialized_view') }}

select
    sla.carrier,
    lines.ship_mode,
    lines.ship_date,
    count(*) as shipments,
    sum(lines.quantity) as quantity,
    count(*) filter (where lines.receipt_date - lines.ship_date > sla.promised_days) as broken_promises
from {{ ref('fct_order_lines') }} as lines
inner join {{ ref('ship_mode_sla') }} as sla using (ship_mode)
group by sla.carrier, lines.ship_mode, lines.ship_date
