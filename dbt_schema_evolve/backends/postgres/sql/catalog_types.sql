-- DDL of enums, domains, ranges and composite types, in the order they were made, so that each
-- comes after the types it uses. What a domain checks is left out: it changes no plan, and nothing
-- on the twin is checked.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    n.nspname as schema,
    case t.typtype
        when 'e' then format(
            'create type %%I.%%I as enum (%%s)',
            n.nspname,
            t.typname,
            (
                select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
                from pg_catalog.pg_enum as e
                where e.enumtypid = t.oid
            )
        )
        when 'd' then format(
            'create domain %%I.%%I as %%s%%s',
            n.nspname,
            t.typname,
            format_type(t.typbasetype, t.typtypmod),
            case
                when t.typcollation <> b.typcollation
                    then (
                        select format(' collate %%I.%%I', cn.nspname, co.collname)
                        from pg_catalog.pg_collation as co
                        inner join pg_catalog.pg_namespace as cn
                            on co.collnamespace = cn.oid
                        where co.oid = t.typcollation
                    )
                else ''
            end
        )
        when 'r' then format(
            'create type %%I.%%I as range (subtype = %%s)',
            n.nspname,
            t.typname,
            (
                select format_type(r.rngsubtype, null)
                from pg_catalog.pg_range as r
                where r.rngtypid = t.oid
            )
        )
        else format(
            'create type %%I.%%I as (%%s)',
            n.nspname,
            t.typname,
            (
                select string_agg(
                    format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)),
                    ', ' order by a.attnum
                )
                from pg_catalog.pg_attribute as a
                where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
            )
        )
    end as ddl
from pg_catalog.pg_type as t
inner join pg_catalog.pg_namespace as n
    on t.typnamespace = n.oid
left join pg_catalog.pg_class as r
    on t.typrelid = r.oid
left join pg_catalog.pg_type as b
    on t.typbasetype = b.oid
where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and r.relkind = 'c'))
    and n.nspname not in ('pg_catalog', 'information_schema', %(own_schema)s)
    and n.nspname not like 'pg\_temp%%'
    and not exists (
        select 1
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
order by t.oid
