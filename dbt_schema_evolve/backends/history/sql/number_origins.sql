-- Give the incoming origins that are new the next numbers.
insert into execution_origins
select
    (select coalesce(max(o.origin_number), 0) from execution_origins as o)
    + row_number() over (order by i.source, i.role, i.application_name, i.node_id, i.tags),
    i.source,
    i.role,
    i.application_name,
    i.node_id,
    i.tags
from (select distinct source, role, application_name, node_id, tags from incoming) as i
anti join execution_origins as o using (source, role, application_name, node_id, tags)
