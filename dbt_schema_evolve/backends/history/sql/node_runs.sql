-- Node times of both sources; where a run was captured and left its artifact too, the capture
-- says more. Commands that only compile hold no run times.
with captured as (
    select
        c.capture_id as invocation_id,
        c.captured_at,
        c.which,
        r.* exclude (capture_number)
    from node_runs as r
    inner join captures as c
        on r.capture_number = c.capture_number
    where c.warehouse = $warehouse
),

from_artifacts as (
    select
        a.invocation_id,
        a.generated_at as captured_at,
        a.which,
        a.unique_id,
        a.status,
        a.started_at,
        a.execution_us,
        null as schema_name,
        null as relation_name,
        '' as materialized,
        null as rows_affected,
        '{}' as adapter_response
    from artifact_runs as a
    where a.warehouse = $warehouse
        and a.invocation_id not in (select c.invocation_id from captured as c)
)

select r.* exclude (which)
from (
    from captured
    union all
    from from_artifacts
) as r
where r.which in ('build', 'retry', 'run', 'seed', 'snapshot', 'test')
    and r.captured_at >= coalesce($since::timestamp, r.captured_at)
order by r.unique_id, r.captured_at, r.invocation_id
