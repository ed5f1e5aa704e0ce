-- Indexes by structure: of the given relations, or those of the given names, or both; in the
-- order they were made, by which the planner chooses between two of equal cost.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    x.indexrelid::bigint as oid,
    x.indrelid::bigint as relation_oid,
    tn.nspname as schema,
    t.relname as relation,
    i.relname as name,
    am.amname as method,
    x.indisunique as is_unique,
    x.indisprimary as is_primary,
    x.indisvalid as is_valid,
    pg_get_indexdef(x.indexrelid) as create_sql,
    coalesce(pg_get_expr(x.indpred, x.indrelid), '') as predicate,
    i.reltuples::float8 as rows,
    i.relpages as pages,
    case
        when i.relkind = 'i'
            then pg_relation_size(i.oid) / current_setting('block_size')::int
    end as file_pages,
    coalesce(con.conname, '') as constraint_name,
    case
        when x.indisreplident then 'the replica identity'
        when x.indisclustered then 'clustering'
        when exists (
            select
            from pg_catalog.pg_inherits as h
            where h.inhrelid = x.indexrelid
        ) then 'the index of the partitioned table'
        else ''
    end as needed_for,
    st.idx_scan as scans,
    columns.terms,
    columns.are_expressions,
    x.indnkeyatts as key_count,
    x.indoption::smallint[] as options,
    (
        select array_agg(
            case
                when o.opcdefault then ''
                when ns.nspname = 'pg_catalog' then quote_ident(o.opcname)
                else format('%%I.%%I', ns.nspname, o.opcname)
            end
            order by k.position
        )
        from unnest(x.indclass::oid[]) with ordinality as k (opclass, position)
        inner join pg_catalog.pg_opclass as o
            on k.opclass = o.oid
        inner join pg_catalog.pg_namespace as ns
            on o.opcnamespace = ns.oid
    ) as operator_classes
from pg_catalog.pg_index as x
inner join pg_catalog.pg_class as i
    on x.indexrelid = i.oid
inner join pg_catalog.pg_am as am
    on i.relam = am.oid
inner join pg_catalog.pg_class as t
    on x.indrelid = t.oid
inner join pg_catalog.pg_namespace as tn
    on t.relnamespace = tn.oid
cross join lateral (
    select
        array_agg(
            case
                when a.attnum is null
                    then pg_get_indexdef(x.indexrelid, k.position::int, false)
                when c.oid is not null
                    then format('%%I COLLATE %%I.%%I', a.attname, cn.nspname, c.collname)
                else a.attname
            end
            order by k.position
        ) as terms,
        -- A column in another order than its own is as good as an expression.
        array_agg(a.attnum is null or c.oid is not null order by k.position) as are_expressions
    from unnest(x.indkey::smallint[]) with ordinality as k (attnum, position)
    left join pg_catalog.pg_attribute as a
        on k.attnum <> 0 and a.attrelid = x.indrelid and a.attnum = k.attnum
    left join pg_catalog.pg_collation as c
        on c.oid = (x.indcollation::oid[])[k.position - 1] and c.oid <> a.attcollation
    left join pg_catalog.pg_namespace as cn
        on c.collnamespace = cn.oid
) as columns
left join pg_catalog.pg_constraint as con
    on con.conindid = x.indexrelid and con.contype in ('p', 'u', 'x')
left join pg_catalog.pg_stat_all_indexes as st
    on x.indexrelid = st.indexrelid
where (%(oids)s::bigint[] is null or x.indrelid = any(%(oids)s::bigint[]::oid[]))
    and (%(names)s::text[] is null or i.relname = any(%(names)s::text[]))
order by tn.nspname, t.relname, x.indexrelid
