select
    {key},
    min(began.generated_at),
    max(ended.generated_at)
from {table} as held
inner join lineage_states as began
    on held.warehouse = began.warehouse
    and held.first_state = began.state_number
inner join lineage_states as ended
    on held.warehouse = ended.warehouse
    and coalesce(held.last_state, $newest) = ended.state_number
where held.warehouse = $warehouse
group by {key}
having bool_or(held.last_state is null)
