-- Of what was said before the newest outlook of `$seen_from`, only the changes of today's plan.
with said as (
    select
        *,
        max(made_at) filter (where made_at <= $seen_from::timestamp)
            over (partition by subject) as newest,
        lag(nullif(plan_id, '') ignore nulls)
            over (partition by subject, horizon_days order by made_at) as plan_before
    from outlooks
    where warehouse = $warehouse
        and made_at >= coalesce($since::timestamp, made_at)
)

select
    subject,
    made_at,
    horizon_days,
    estimated_cost,
    plan_id,
    estimated_fill_ratio,
    flips,
    row_ratio
from said
where made_at >= coalesce(newest, made_at)
    or (horizon_days = 0 and plan_id is distinct from plan_before)
order by subject, made_at, horizon_days
