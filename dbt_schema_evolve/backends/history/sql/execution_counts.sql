-- Executions that are alike, an hour at a time. A count never reaches over a capture, so that it is
-- wholly inside or outside what pg_stat_statements counted between two of them.
with looks as (
    select distinct captured_at
    from captures
    where warehouse = $warehouse
)

select
    t.text,
    o.source,
    min(e.executed_at) as first_at,
    max(e.executed_at) as last_at,
    count(*) as calls,
    sum(e.duration_us)::bigint as total_us,
    sum(coalesce(e.rows, 0))::bigint as rows,
    o.role,
    o.application_name,
    o.tags,
    o.node_id,
    max(e.queryid) as queryid
from executions as e
asof left join looks as l
    on e.executed_at >= l.captured_at
inner join texts as t
    on e.text_number = t.text_number
inner join execution_origins as o
    on e.origin_number = o.origin_number
where e.warehouse = $warehouse
    and e.executed_at >= coalesce($since::timestamp, e.executed_at)
group by
    t.text,
    o.source,
    o.role,
    o.application_name,
    o.node_id,
    o.tags,
    date_trunc('hour', e.executed_at),
    l.captured_at,
    e.duration_us is null
order by t.text, o.source, o.role, o.application_name, o.node_id, o.tags, first_at, total_us
