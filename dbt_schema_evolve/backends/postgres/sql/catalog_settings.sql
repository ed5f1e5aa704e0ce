-- Settings of this session that plans depend on and that differ from the default, or whose default
-- differs between versions; page costs as the database's tablespace has them.
-- Oldest server: 13. Privilege: none.
with tablespace_costs as (
    select
        split_part(o.option, '=', 1) as name,
        split_part(o.option, '=', 2) as value
    from pg_catalog.pg_database as d
    inner join pg_catalog.pg_tablespace as t
        on d.dattablespace = t.oid
    cross join unnest(t.spcoptions) as o (option)
    where d.datname = current_database()
        and o.option ~ '^(random|seq)_page_cost='
)

select /* schema_evolve */
    s.name,
    case
        -- We set them for our own reading; the session began with this.
        when s.name in ('DateStyle', 'IntervalStyle', 'TimeZone') then s.reset_val
        else coalesce(t.value, current_setting(s.name))
    end as value
from pg_catalog.pg_settings as s
left join tablespace_costs as t
    on s.name = t.name
where (
    s.category like 'Query Tuning%%'
    or s.name in (
        'DateStyle',
        'IntervalStyle',
        'TimeZone',
        'effective_io_concurrency',
        'hash_mem_multiplier',
        'jit',
        'max_parallel_workers',
        'max_parallel_workers_per_gather',
        'parallel_leader_participation',
        'work_mem'
    )
)
and s.context in ('user', 'superuser')
and (
    s.setting is distinct from s.boot_val
    or s.reset_val is distinct from s.boot_val
    or s.name = 'hash_mem_multiplier'
    or t.value is not null
)
order by s.name
