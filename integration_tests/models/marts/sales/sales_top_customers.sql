{{ config(materialized='view') }}

with monthly as (

    select
        date_trunc('month', order_date)::date as month_start,
        region,
        customer_id,
        customer_name,
        count(*) as orders,
        sum(gross_price) as revenue
    from {{ ref('fct_orders') }}
    group by 1, 2, 3, 4

),

ranked as (

    select
        *,
        rank() over (
            partition by month_start, region order by revenue desc, customer_id
        ) as rank_in_region,
        revenue / sum(revenue) over (partition by month_start, region) as share_of_region
    from monthly

)

select * from ranked where rank_in_region <= 50
