-- Which captures there are, oldest first: the mark is a set of ids, because clocks jump, run
-- backwards in simulations, and transactions end in another order than they began.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    capture_id,
    captured_at,
    which,
    target_name,
    target_schema,
    adapter_type,
    dbt_version,
    project_name,
    server_version,
    not_looked_at
from {schema}.captures
order by captured_at, capture_id
