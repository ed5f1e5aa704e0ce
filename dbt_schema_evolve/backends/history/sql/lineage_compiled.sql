-- The last state in which each of some nodes was compiled and understood.
select
    max(coalesce(last_state, $newest)) as state_number,
    node
from lineage_nodes
where warehouse = $warehouse
    and detail = 'columns'
    and node in (select unnest(from_json_strict($nodes, '["VARCHAR"]')))
group by node
