{#- CTEs, to stand after `with`: `locked`, what another transaction holds exclusively or waits for, so that asking for
    a size would wait too; and `profiled`, the relations of the user's, without dbt's intermediate ones. -#}
{% macro _profiled_relations(schema) %}
    locked as (
      select distinct l.relation as oid
      from pg_locks as l
      where l.locktype = 'relation'
        and l.mode = 'AccessExclusiveLock'
        and l.database = (select oid from pg_database where datname = current_database())
        and l.pid <> pg_backend_pid()
    ),
    profiled as (
      select
        c.oid,
        n.nspname as schema_name,
        c.relname as relation_name,
        c.relkind,
        c.reltuples,
        c.relpages,
        c.oid in (select oid from locked) as is_locked
      from pg_class as c
      join pg_namespace as n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname !~ '^pg_'
        and n.nspname not in ('information_schema', {{ schema_evolve._literal(schema) }})
        and c.relname !~ '__dbt_(tmp|backup)\d*$'
        and (
          jsonb_typeof(capture -> 'schemas') is distinct from 'array'
          or capture -> 'schemas' ? n.nspname::text
        )
        and not exists (
          select
          from pg_depend as d
          where d.classid = 'pg_class'::regclass
            and d.objid = c.oid
            and d.deptype = 'e'
        )
    )
{%- endmacro %}
