with stock as (

    select
        supplier_id,
        count(*) as stocked_parts,
        sum(available_quantity * supply_cost) as stock_value
    from {{ ref('stg_tpch__part_suppliers') }}
    group by supplier_id

)

select
    suppliers.supplier_id,
    suppliers.supplier_name,
    nations.nation,
    nations.region,
    suppliers.phone,
    suppliers.account_balance,
    coalesce(stock.stocked_parts, 0) as stocked_parts,
    coalesce(stock.stock_value, 0) as stock_value
from {{ ref('stg_tpch__suppliers') }} as suppliers
inner join {{ ref('stg_tpch__nations') }} as nations using (nation_id)
left join stock using (supplier_id)
