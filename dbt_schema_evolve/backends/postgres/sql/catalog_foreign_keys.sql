-- Foreign keys of the given relations; those that a partition inherits are left out.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    n.nspname as schema,
    c.relname as relation,
    k.conname as name,
    pg_get_constraintdef(k.oid) as definition
from pg_catalog.pg_constraint as k
inner join pg_catalog.pg_class as c
    on k.conrelid = c.oid
inner join pg_catalog.pg_namespace as n
    on c.relnamespace = n.oid
where k.contype = 'f'
    and k.conparentid = 0
    and k.conrelid = any(%(oids)s::bigint[]::oid[])
order by n.nspname, c.relname, k.conname
