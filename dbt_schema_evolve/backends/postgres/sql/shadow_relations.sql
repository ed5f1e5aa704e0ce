-- Relations that store rows in the shadow's schemas, with their bytes, indexes included.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    n.nspname as schema,
    c.relname as name,
    pg_catalog.pg_total_relation_size(c.oid) as bytes
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
    c.relkind in ('r', 'm')
    and n.nspname = any(%(schemas)s)
order by 1, 2
