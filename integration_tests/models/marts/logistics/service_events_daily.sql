{{ config(materialized='table') }}

with events as (

    select * from {{ ref('int_service_events') }}

)

select
    event_date,
    event_type,
    count(*) as events,
    count(distinct customer_id) as customers,
    sum(amount) as amount
from events
group by event_date, event_type
