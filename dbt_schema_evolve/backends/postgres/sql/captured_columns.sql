-- Shapes of columns in one capture.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    schema_name,
    relation_name,
    column_name,
    position,
    type,
    not_null,
    null_ratio,
    distinct_values,
    average_width_bytes,
    correlation,
    top_value_ratio
from {schema}.column_profiles
where capture_id = %(capture_id)s
order by schema_name, relation_name, position, column_name
