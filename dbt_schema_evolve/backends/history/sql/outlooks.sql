-- Of what was said before the newest outlook of `$seen_from`, only the changes of today's plan.
-- There may be millions of rows: they are read three times rather than held.
with said as not materialized (
    select *
    from outlooks
    where warehouse = $warehouse
        and made_at >= coalesce($since::timestamp, made_at)
),

newest as (
    select
        subject,
        max(made_at) as made_at
    from said
    where made_at <= $seen_from::timestamp
    group by subject
),

plans as (
    select
        subject,
        made_at,
        plan_id is distinct from lag(nullif(plan_id, '') ignore nulls)
            over (partition by subject order by made_at) as is_other
    from said
    where horizon_days = 0
)

select
    s.subject,
    s.made_at,
    s.horizon_days,
    s.estimated_cost,
    s.plan_id,
    s.estimated_fill_ratio,
    s.flips,
    s.row_ratio
from said as s
left join newest as n
    on s.subject = n.subject
left join plans as p
    on s.subject = p.subject
    and s.made_at = p.made_at
where s.made_at >= coalesce(n.made_at, s.made_at)
    or (s.horizon_days = 0 and p.is_other)
order by s.subject, s.made_at, s.horizon_days
