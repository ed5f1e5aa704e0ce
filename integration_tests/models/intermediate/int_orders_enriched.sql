with customers as (

    select
        customers.customer_id,
        customers.customer_name,
        customers.market_segment,
        nations.nation,
        nations.region
    from {{ ref('stg_tpch__customers') }} as customers
    inner join {{ ref('stg_tpch__nations') }} as nations using (nation_id)

)

select
    orders.*,
    customers.customer_name,
    customers.market_segment,
    customers.nation,
    customers.region
from {{ ref('stg_tpch__orders') }} as orders
inner join customers using (customer_id)
