-- Runs that failed, and those that have only begun, do not count; static events have no run.
with runs as (
    select
        job,
        run_id,
        bool_or(kind in ('ABORT', 'FAIL')) as has_failed,
        bool_or(kind <> 'START') as went_on
    from etl_events
    where warehouse = $warehouse
    group by job, run_id
),

counted as (
    select
        events.sha256,
        min(events.happened_at) as first_seen,
        max({'at': events.happened_at, 'run_id': events.run_id}) as newest
    from etl_events as events
    inner join runs on events.job = runs.job and events.run_id = runs.run_id
    where
        events.warehouse = $warehouse
        and (
            events.kind in ('JOB', 'DATASET')
            or (runs.went_on and not runs.has_failed)
        )
    group by events.sha256
)

select
    reports.content,
    counted.newest.run_id,
    counted.first_seen,
    counted.newest.at
from counted
inner join etl_reports as reports on counted.sha256 = reports.sha256
where reports.warehouse = $warehouse
order by counted.newest.at, counted.sha256
