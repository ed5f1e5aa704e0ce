-- Nodes of which anything began or ended after one state and up to another.
select distinct {owner}
from {table}
where warehouse = $warehouse
    and (
        first_state > $before and first_state <= $after
        or last_state >= $before and last_state < $after
    )
