with revenue as (

    select
        region,
        extract(year from order_date)::integer as budget_year,
        sum(net_revenue) as net_revenue
    from {{ ref('sales_daily_by_nation') }}
    group by 1, 2

)

select
    revenue.region,
    revenue.budget_year,
    revenue.net_revenue,
    budget.revenue_budget,
    revenue.net_revenue / budget.revenue_budget as attainment
from revenue
left join {{ ref('regional_budget') }} as budget using (region, budget_year)
