select
    order_date,
    count(*) as orders,
    count(distinct customer_id) as customers,
    sum(net_price) as net_revenue,
    max(synced_on) as synced_on
from {{ ref('fct_orders') }}
{% if is_incremental() %}
where order_date >= (select max(order_date) - 2 from {{ this }})
{% endif %}
group by order_date
