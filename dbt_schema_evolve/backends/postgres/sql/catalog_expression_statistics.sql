-- Planner statistics of the expressions in extended statistics objects.
-- Oldest server: 14. Privilege: SELECT on all columns of an object; others are left out.
select /* schema_evolve */
    s.statistics_schemaname as schema,
    s.statistics_name as name,
    s.expr as column,
    coalesce((to_jsonb(s) ->> 'inherited')::boolean, false) as inherited,
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
from pg_catalog.pg_stats_ext_exprs as s
where s.null_frac is not null
order by s.statistics_schemaname, s.statistics_name, s.expr
