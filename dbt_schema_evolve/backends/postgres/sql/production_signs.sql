-- What only a database has in which dbt builds for people: captured facts, or a shadow beside it.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    current_database() as database,
    (
        select array_agg(nspname order by nspname)
        from pg_catalog.pg_namespace
        where nspname = 'schema_evolve'
            or pg_catalog.obj_description(oid, 'pg_namespace') = %(mark)s
    ) as signs
