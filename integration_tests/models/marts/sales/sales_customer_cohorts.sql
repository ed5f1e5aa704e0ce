with firsts as (

    select
        customer_id,
        min(order_date) as first_order_date
    from {{ ref('stg_tpch__orders') }}
    group by customer_id

)

select
    date_trunc('week', firsts.first_order_date)::date as cohort_week,
    (orders.order_date - firsts.first_order_date) / 7 as weeks_later,
    count(distinct orders.customer_id) as customers,
    sum(orders.total_price) as revenue
from {{ ref('stg_tpch__orders') }} as orders
inner join firsts using (customer_id)
group by 1, 2
