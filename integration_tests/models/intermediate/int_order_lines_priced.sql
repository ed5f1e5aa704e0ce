with lines as (

    select * from {{ ref('stg_tpch__line_items') }}

),

orders as (

    select
        order_id,
        customer_id,
        order_date,
        order_priority,
        order_status
    from {{ ref('stg_tpch__orders') }}

),

priced as (

    select
        lines.order_id,
        lines.line_number,
        orders.customer_id,
        orders.order_date,
        orders.order_priority,
        orders.order_status,
        lines.part_id,
        lines.supplier_id,
        lines.quantity,
        lines.extended_price,
        lines.extended_price * (1 - lines.discount_rate) as net_price,
        lines.extended_price * (1 - lines.discount_rate) * (1 + lines.tax_rate) as gross_price,
        lines.return_flag,
        lines.line_status,
        lines.ship_date,
        lines.commit_date,
        lines.receipt_date,
        lines.ship_mode,
        lines.synced_on
    from lines
    inner join orders on lines.order_id = orders.order_id

)

select * from priced
