-- Planner settings that differ from the default, or whose default differs between versions.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    s.name,
    current_setting(s.name) as value
from pg_catalog.pg_settings as s
where (
    s.category like 'Query Tuning%%'
    or s.name in (
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
and (s.setting is distinct from s.boot_val or s.name = 'hash_mem_multiplier')
order by s.name
