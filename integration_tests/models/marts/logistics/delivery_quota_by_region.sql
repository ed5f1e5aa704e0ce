{{ config(alias='Lieferquote je Region') }}

select
    supplier_region as "Region",
    ship_date as "Versandtag",
    count(*) as "Lieferungen",
    count(*) filter (where within_promise) as "davon pünktlich",
    sum(quantity) as "Stück"
from {{ ref('int_supplier_deliveries') }}
group by supplier_region, ship_date
