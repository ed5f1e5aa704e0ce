-- Of all columns where `$columns` is null; otherwise of those in it: [[schema, relation, column], ...].
with chosen as (
    select unnest(from_json_strict($columns::json, '[["varchar"]]')) as name
)

select
    c.captured_at,
    p.* exclude (capture_number)
from column_profiles as p
inner join captures as c
    on p.capture_number = c.capture_number
where c.warehouse = $warehouse
    and c.captured_at >= coalesce($since::timestamp, c.captured_at)
    and (
        $columns is null
        or [p.schema_name, p.relation_name, p.column_name] in (select name from chosen)
    )
order by p.schema_name, p.relation_name, p.position, p.column_name, c.captured_at, c.capture_id
