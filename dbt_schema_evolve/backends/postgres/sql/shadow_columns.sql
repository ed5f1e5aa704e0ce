-- Columns of one relation, in order.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */ a.attname as name
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname = %(schema)s
    and c.relname = %(name)s
    and a.attnum > 0
    and not a.attisdropped
order by a.attnum
