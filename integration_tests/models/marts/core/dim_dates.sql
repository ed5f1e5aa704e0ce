with span as (

    select
        min(order_date) as first_day,
        max(order_date) as last_day
    from {{ ref('stg_tpch__orders') }}

)

select
    day::date as calendar_date,
    extract(isodow from day)::integer as day_of_week,
    extract(isodow from day) >= 6 as is_weekend,
    date_trunc('week', day)::date as week_start,
    date_trunc('month', day)::date as month_start,
    date_trunc('quarter', day)::date as quarter_start
from span, generate_series(span.first_day, span.last_day, interval '1 day') as day
