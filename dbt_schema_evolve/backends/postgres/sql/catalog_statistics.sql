-- Planner statistics of columns, and of index expressions where the reader owns the index.
-- Oldest server: 13. Privilege: SELECT on the columns; the others are left out by pg_stats.
select /* schema_evolve */
    s.schemaname as schema,
    s.tablename as name,
    s.attname as column,
    s.inherited,
    s.null_frac as null_fraction,
    s.avg_width as average_width,
    s.n_distinct,
    s.most_common_vals::text::text[] as most_common_values,
    s.most_common_freqs as most_common_frequencies,
    s.histogram_bounds::text::text[] as histogram_bounds,
    s.correlation,
    s.most_common_elems::text::text[] as most_common_elements,
    s.most_common_elem_freqs as most_common_element_frequencies,
    s.elem_count_histogram as element_count_histogram
from pg_catalog.pg_stats as s
where s.schemaname not in ('pg_catalog', 'information_schema', 'pg_toast', %(own_schema)s)
    and (%(schemas)s::text[] is null or s.schemaname = any(%(schemas)s::text[]))
order by s.schemaname, s.tablename, s.attname, s.inherited
