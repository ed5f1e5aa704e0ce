-- Tables, partitioned tables, materialized views, views and foreign tables with their sizes.
-- Oldest server: 13. Privilege: none. `can_read` says whether pg_stats will show their columns.
select /* schema_evolve */
    c.oid::bigint as oid,
    n.nspname as schema,
    c.relname as name,
    c.relkind::text as kind,
    case
        -- Before 14 a table that was never analyzed said 0 rows on 0 pages, not -1.
        when current_setting('server_version_num')::int < 140000
            and c.reltuples = 0
            and c.relpages = 0
            then -1
        else c.reltuples
    end::float8 as rows,
    c.relpages as pages,
    c.relallvisible as all_visible_pages,
    case
        when c.relkind in ('r', 'm')
            then pg_relation_size(c.oid) / current_setting('block_size')::int
    end as file_pages,
    -- A view that was dropped after the snapshot is an error to pg_get_viewdef, not a null.
    case
        when c.relkind in ('v', 'm') and has_table_privilege(c.oid, 'select') is not null
            then pg_get_viewdef(c.oid)
    end as definition,
    coalesce(c.reloptions, '{}') as options,
    (
        select o.option_value::int
        from pg_options_to_table(c.reloptions) as o
        where o.option_name = 'parallel_workers'
    ) as parallel_workers,
    c.relkind = 'r' and exists (
        select 1
        from pg_catalog.pg_inherits as h
        where h.inhparent = c.oid
    ) as has_children,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
    case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as partition_bound,
    pn.nspname as parent_schema,
    p.relname as parent_name,
    has_any_column_privilege(c.oid, 'select') and not row_security_active(c.oid) as can_read
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n
    on c.relnamespace = n.oid
left join pg_catalog.pg_inherits as i
    on c.relispartition and i.inhrelid = c.oid
left join pg_catalog.pg_class as p
    on i.inhparent = p.oid
left join pg_catalog.pg_namespace as pn
    on p.relnamespace = pn.oid
where c.relkind in ('r', 'p', 'm', 'v', 'f')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', %(own_schema)s)
    and (%(schemas)s::text[] is null or n.nspname = any(%(schemas)s::text[]))
    and c.relname !~ '__dbt_(tmp|backup)[0-9]*$'
    and not exists (
        select 1
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
order by n.nspname, c.relname
