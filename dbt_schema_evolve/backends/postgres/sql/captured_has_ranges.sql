-- Whether captures write down how far values reach: those before this was captured have no such table.
-- Oldest server: 13. Privilege: none.
select /* schema_evolve */
    pg_catalog.to_regclass(pg_catalog.format('%%I.column_ranges', %(schema)s::text)) is not null as has_ranges
