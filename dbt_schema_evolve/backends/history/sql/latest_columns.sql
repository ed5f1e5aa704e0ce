select
    c.captured_at,
    p.* exclude (capture_number)
from column_profiles as p
inner join captures as c
    on p.capture_number = c.capture_number
where p.capture_number = $latest
order by p.schema_name, p.relation_name, p.position, p.column_name
