-- Which of the given relations, or their indexes, lie where pages cost something else than where
-- the database lies.
-- Oldest server: 13. Privilege: none.
with costs as (
    select
        t.oid,
        t.spcname as name,
        (
            select string_agg(o.option, ', ' order by o.option)
            from unnest(t.spcoptions) as o (option)
            where o.option ~ '^(random|seq)_page_cost='
        ) as options
    from pg_catalog.pg_tablespace as t
)

select distinct /* schema_evolve */
    n.nspname as schema,
    c.relname as name,
    own.name as tablespace
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n
    on c.relnamespace = n.oid
left join pg_catalog.pg_index as x
    on c.oid = x.indrelid
left join pg_catalog.pg_class as i
    on x.indexrelid = i.oid
inner join costs as own
    on own.oid in (c.reltablespace, i.reltablespace)
inner join pg_catalog.pg_database as d
    on d.datname = current_database()
inner join costs as usual
    on d.dattablespace = usual.oid
where c.oid = any(%(oids)s::bigint[]::oid[])
    and own.options is distinct from usual.options
order by 1, 2, 3
