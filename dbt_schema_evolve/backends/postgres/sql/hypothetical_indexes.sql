-- Hypothetical indexes, made in the order of their texts, with the sizes that HypoPG expects.
-- Oldest server: 13 with HypoPG. Privilege: none.
select /* schema_evolve */
    made.indexrelid::bigint as oid,
    made.indexname::text as name,
    hypopg_relation_size(made.indexrelid)::bigint as bytes
from unnest(%(texts)s::text[]) with ordinality as wanted (text, place)
cross join lateral hypopg_create_index(wanted.text) as made
order by wanted.place
