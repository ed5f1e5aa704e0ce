-- Types that were known, each once for as long as no other came between.
with known as (
    select
        held.type,
        began.generated_at as first_seen,
        ended.generated_at as last_seen,
        held.first_state
    from lineage_columns as held
    inner join lineage_states as began
        on held.warehouse = began.warehouse
        and held.first_state = began.state_number
    inner join lineage_states as ended
        on held.warehouse = ended.warehouse
        and coalesce(held.last_state, $newest) = ended.state_number
    where held.warehouse = $warehouse
        and held.node = $node
        and held.column_name = $column
        and held.type <> ''
),

marked as (
    select
        *,
        type is distinct from lag(type) over (order by first_state) as is_other
    from known
),

numbered as (
    select
        *,
        count(*) filter (where is_other) over (order by first_state) as stretch
    from marked
)

select
    any_value(type),
    min(first_seen),
    max(last_seen)
from numbered
group by stretch
order by stretch
