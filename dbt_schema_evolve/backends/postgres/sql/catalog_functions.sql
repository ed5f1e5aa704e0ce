-- Functions that queries, views and indexes may call, in the order they were made: the code of those
-- in SQL and PL/pgSQL, of others what the planner knows of them. Triggers, procedures, aggregates and
-- what belongs to an extension or to a type are left out.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    n.nspname as schema,
    p.oid::pg_catalog.regprocedure::text as name,
    format('%%I.%%I', n.nspname, p.proname) as called,
    l.lanname as language,
    case when l.lanname in ('sql', 'plpgsql') then pg_get_functiondef(p.oid) end as definition,
    pg_get_function_arguments(p.oid) as arguments,
    pg_get_function_result(p.oid) as result,
    case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
    case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end as parallel,
    p.proisstrict as is_strict,
    p.proretset as is_set,
    p.procost::float8 as cost,
    p.prorows::float8 as rows
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n
    on p.pronamespace = n.oid
inner join pg_catalog.pg_language as l
    on p.prolang = l.oid
where p.prokind = 'f'
    and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', %(own_schema)s)
    and (%(schemas)s::text[] is null or n.nspname = any(%(schemas)s::text[]))
    and n.nspname not like 'pg\_temp%%'
    and not exists (
        select 1
        from pg_catalog.pg_depend as d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')
    )
order by p.oid
