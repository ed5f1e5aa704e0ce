-- Ends the stretch of what is not the same in the incoming state.
update {table} as held
set last_state = $state - 1
from (
    select {names} from {table} where warehouse = $warehouse and last_state is null
    except
    select {names} from incoming
) as gone
where held.warehouse = $warehouse
    and held.last_state is null
    and {same}
