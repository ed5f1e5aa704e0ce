select {names}
from {table}
where warehouse = $warehouse
    and first_state <= $state
    and coalesce(last_state, $state) >= $state
    and ($nodes is null or {owner} in (select unnest(from_json_strict($nodes, '["VARCHAR"]'))))
order by {order}
