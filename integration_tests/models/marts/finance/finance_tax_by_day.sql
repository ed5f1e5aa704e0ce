{{ config(materialized='view') }}

select
    lines.order_date,
    orders.nation,
    sum(lines.net_price) as net_revenue,
    sum(lines.gross_price - lines.net_price) as tax
from {{ ref('fct_order_lines') }} as lines
inner join {{ ref('fct_orders') }} as orders using (order_id)
group by lines.order_date, orders.nation
