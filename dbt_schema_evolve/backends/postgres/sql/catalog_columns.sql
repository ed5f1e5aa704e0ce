-- Columns of the given relations, in order.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    a.attrelid::bigint as oid,
    a.attname as name,
    format_type(a.atttypid, a.atttypmod) as type,
    a.attnotnull as not_null,
    case
        when a.attcollation <> t.typcollation then format('%%I.%%I', n.nspname, co.collname)
        else ''
    end as collation,
    -- Virtual generated columns came with 18.
    case when a.attgenerated = 'v' then coalesce(pg_get_expr(g.adbin, g.adrelid), '') else '' end as expression
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_type as t
    on a.atttypid = t.oid
left join pg_catalog.pg_collation as co
    on a.attcollation = co.oid
left join pg_catalog.pg_namespace as n
    on co.collnamespace = n.oid
left join pg_catalog.pg_attrdef as g
    on a.attgenerated = 'v' and a.attrelid = g.adrelid and a.attnum = g.adnum
where a.attrelid = any(%(oids)s::bigint[]::oid[])
    and a.attnum > 0
    and not a.attisdropped
order by a.attrelid, a.attnum
