-- Indexes by structure in one capture.
-- Oldest server: 13. Privilege: USAGE on the schema, SELECT on the table.
select /* schema_evolve */
    schema_name,
    relation_name,
    index_name,
    definition,
    method,
    keys,
    include,
    predicate,
    is_unique,
    is_primary,
    is_valid,
    backs_constraint,
    bytes,
    scans
from {schema}.index_profiles
where capture_id = %(capture_id)s
order by schema_name, index_name
