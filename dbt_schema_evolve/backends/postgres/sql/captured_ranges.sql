-- How far the values of columns reach, in one capture.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    schema_name,
    relation_name,
    column_name,
    value_bits,
    highest_value,
    is_exact,
    greatest_length,
    sequence_value,
    sequence_limit,
    sequence_cycles,
    referenced_schema,
    referenced_relation,
    referenced_column
from {schema}.column_ranges
where capture_id = %(capture_id)s
order by schema_name, relation_name, column_name
