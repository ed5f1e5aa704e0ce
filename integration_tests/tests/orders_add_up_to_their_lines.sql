-- the two facts are loaded in different ways and must agree
select orders.order_id
from {{ ref('fct_orders') }} as orders
left join (
    select order_id, sum(net_price) as net_price
    from {{ ref('fct_order_lines') }}
    group by order_id
) as lines using (order_id)
where orders.net_price is distinct from lines.net_price
