-- The comment on a schema, by which we know our own.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */ pg_catalog.obj_description(oid, 'pg_namespace') as mark
from pg_catalog.pg_namespace
where nspname = %(schema)s
