-- Keep the incoming executions that are not here yet, each once.
insert into executions
select
    $warehouse,
    i.execution_id,
    i.executed_at,
    t.text_number,
    o.origin_number,
    i.duration_us,
    i.rows,
    i.queryid
from (select distinct on (execution_id) * from incoming order by execution_id, position) as i
inner join texts as t using (text)
inner join execution_origins as o using (source, role, application_name, node_id, tags)
anti join (select e.execution_id from executions as e where e.warehouse = $warehouse) as known
    using (execution_id)
returning execution_id
