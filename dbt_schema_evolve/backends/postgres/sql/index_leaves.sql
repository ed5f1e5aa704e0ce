-- An index, or on a partitioned table the one of each partition, with its size.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    tn.nspname as schema,
    t.relname as relation,
    i.relname as name,
    pg_catalog.pg_relation_size(i.oid) as bytes
from pg_catalog.pg_class as i
inner join pg_catalog.pg_index as x
    on i.oid = x.indexrelid
inner join pg_catalog.pg_class as t
    on x.indrelid = t.oid
inner join pg_catalog.pg_namespace as tn
    on t.relnamespace = tn.oid
where i.relkind = 'i'
    and (
        i.oid = %(index)s::regclass
        or i.oid in (select relid from pg_catalog.pg_partition_tree(%(index)s::regclass))
    )
order by tn.nspname, t.relname
