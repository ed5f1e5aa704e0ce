select
    shipments.order_id,
    shipments.line_number,
    shipments.order_date,
    shipments.ship_mode,
    shipments.supplier_id,
    suppliers.supplier_name,
    suppliers.nation as supplier_nation,
    customers.customer_name,
    customers.region as customer_region,
    shipments.commit_date,
    shipments.receipt_date,
    shipments.receipt_date - shipments.commit_date as days_late
from {{ ref('fct_shipments') }} as shipments
inner join {{ ref('dim_suppliers') }} as suppliers using (supplier_id)
inner join {{ ref('dim_customers') }} as customers using (customer_id)
where shipments.receipt_date > shipments.commit_date
