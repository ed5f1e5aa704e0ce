-- Begins a stretch for what is new in the incoming state; runs after `lineage_close`.
insert into {table} (warehouse, first_state, {names})
select $warehouse, $state, {names}
from (
    select {names} from incoming
    except
    select {names} from {table} where warehouse = $warehouse and last_state is null
)
