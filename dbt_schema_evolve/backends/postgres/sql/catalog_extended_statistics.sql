-- Extended statistics objects on the given relations, and what ANALYZE found for them; `facts` is
-- null where the reader may not see that. As JSON, since columns were added to pg_stats_ext.
-- Oldest server: 13. Privilege: SELECT on all columns of an object; others come without facts.
select /* schema_evolve */
    n.nspname as schema,
    e.stxname as name,
    tn.nspname as relation_schema,
    t.relname as relation,
    pg_get_statisticsobjdef(e.oid) as create_sql,
    e.stxkeys::smallint[] as attribute_numbers,
    array(
        select a.attname::text
        from unnest(e.stxkeys::smallint[]) with ordinality as k (attnum, position)
        inner join pg_catalog.pg_attribute as a
            on e.stxrelid = a.attrelid and k.attnum = a.attnum
        order by k.position
    ) as columns,
    to_jsonb(s) as facts
from pg_catalog.pg_statistic_ext as e
inner join pg_catalog.pg_namespace as n
    on e.stxnamespace = n.oid
inner join pg_catalog.pg_class as t
    on e.stxrelid = t.oid
inner join pg_catalog.pg_namespace as tn
    on t.relnamespace = tn.oid
left join pg_catalog.pg_stats_ext as s
    on n.nspname = s.statistics_schemaname and e.stxname = s.statistics_name
where e.stxrelid = any(%(oids)s::bigint[]::oid[])
order by n.nspname, e.stxname, to_jsonb(s) ->> 'inherited'
