-- The counters of pg_stat_statements in one capture.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    queryid,
    role,
    toplevel,
    query,
    calls,
    total_us,
    rows,
    shared_blocks,
    temp_blocks,
    stats_since
from {schema}.statement_snapshots
where capture_id = %(capture_id)s
    and query is not null
    and calls is not null
    and total_us is not null
order by queryid, role, toplevel
