-- Which of the given views reads which relation directly.
-- Oldest server: 13. Privilege: none.
select distinct /* schema_evolve */
    r.ev_class::bigint as reader,
    d.refobjid::bigint as source
from pg_catalog.pg_rewrite as r
inner join pg_catalog.pg_depend as d
    on d.classid = 'pg_catalog.pg_rewrite'::regclass
    and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid <> r.ev_class
where r.ev_class = any(%(oids)s::bigint[]::oid[])
order by 1, 2
