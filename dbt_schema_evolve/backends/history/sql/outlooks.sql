select
    subject,
    made_at,
    horizon_days,
    estimated_cost,
    plan_id,
    estimated_fill_ratio,
    flips,
    row_ratio
from outlooks
where warehouse = $warehouse
    and made_at >= coalesce($since::timestamp, made_at)
order by subject, made_at, horizon_days
