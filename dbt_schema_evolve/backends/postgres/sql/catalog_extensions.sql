-- Installed extensions; the procedural language that every database has is left out.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    e.extname as name,
    n.nspname as schema
from pg_catalog.pg_extension as e
inner join pg_catalog.pg_namespace as n
    on e.extnamespace = n.oid
where e.extname <> 'plpgsql'
order by e.extname
