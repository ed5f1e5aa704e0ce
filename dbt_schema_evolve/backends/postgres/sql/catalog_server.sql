-- The server's version and how the database orders text.
-- Oldest server: 13. Privilege: none. (The provider came with 15, its locale's name changed with 17.)
select /* schema_evolve */
    current_setting('server_version_num')::int as server_version,
    d.datcollate as collation,
    coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') as locale_provider,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', '') as locale
from pg_catalog.pg_database as d
where d.datname = current_database()
