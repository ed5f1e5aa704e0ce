with costed as (

    select
        lines.order_id,
        lines.line_number,
        lines.customer_id,
        lines.order_date,
        lines.part_id,
        lines.supplier_id,
        lines.quantity,
        lines.net_price,
        stock.supply_cost is not null as is_stocked,
        lines.quantity * coalesce(stock.supply_cost, parts.retail_price * 0.6) as purchase_cost,
        lines.synced_on
    from {{ ref('int_order_lines_priced') }} as lines
    inner join {{ ref('stg_tpch__parts') }} as parts using (part_id)
    left join {{ ref('stg_tpch__part_suppliers') }} as stock
        on
            lines.part_id = stock.part_id
            and lines.supplier_id = stock.supplier_id

)

select
    *,
    net_price - purchase_cost as margin
from costed
