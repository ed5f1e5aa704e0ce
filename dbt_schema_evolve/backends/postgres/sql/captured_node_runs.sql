-- What dbt built or tested in one run.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    unique_id,
    status,
    started_at,
    execution_us,
    rows_affected,
    schema_name,
    relation_name,
    materialized,
    adapter_response
from {schema}.node_runs
where capture_id = %(capture_id)s
order by unique_id
