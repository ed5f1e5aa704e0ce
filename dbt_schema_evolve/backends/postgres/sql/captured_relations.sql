-- Sizes and traffic of relations in one capture.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    schema_name,
    relation_name,
    kind,
    estimated_rows,
    table_bytes,
    index_bytes,
    inserted_rows,
    updated_rows,
    deleted_rows,
    dead_rows,
    sequential_scans,
    index_scans,
    last_analyzed_at
from {schema}.relation_profiles
where capture_id = %(capture_id)s
order by schema_name, relation_name
