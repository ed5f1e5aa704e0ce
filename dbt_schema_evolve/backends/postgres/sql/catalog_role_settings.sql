-- Settings that change plans and that other roles have in this database.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    r.rolname as role,
    string_agg(distinct c.setting, ', ' order by c.setting) as settings
from pg_catalog.pg_db_role_setting as s
inner join pg_catalog.pg_roles as r
    on s.setrole = r.oid
cross join unnest(s.setconfig) as c (setting)
inner join pg_catalog.pg_settings as p
    on split_part(c.setting, '=', 1) = p.name
where s.setdatabase in (0, (select d.oid from pg_catalog.pg_database as d where d.datname = current_database()))
    and r.rolname <> current_user
    and (
        p.category like 'Query Tuning%%'
        or p.name in ('hash_mem_multiplier', 'max_parallel_workers_per_gather', 'work_mem')
    )
group by r.rolname
order by r.rolname
