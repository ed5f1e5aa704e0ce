-- Extended statistics objects on the given relations: the twin cannot hold their values yet.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    n.nspname as schema,
    e.stxname as name
from pg_catalog.pg_statistic_ext as e
inner join pg_catalog.pg_namespace as n
    on e.stxnamespace = n.oid
where e.stxrelid = any(%(oids)s::bigint[]::oid[])
order by n.nspname, e.stxname
