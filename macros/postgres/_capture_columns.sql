{#- Ratios and counts out of pg_stats; of its values only the frequency of the commonest one is read. -#}
{% macro _capture_columns(schema) %}
  {%- set declare %}
  unreadable text[];
  {%- endset -%}
  {%- set body %}
    with {{ schema_evolve._profiled_relations(schema) }}
    insert /* schema_evolve */ into {{ schema_evolve._identifier(schema) }}.column_profiles (
      capture_id, captured_at, schema_name, relation_name, column_name, position, type, not_null,
      null_ratio, distinct_values, average_width_bytes, correlation, top_value_ratio
    )
    select
      current_capture_id,
      current_captured_at,
      p.schema_name,
      p.relation_name,
      a.attname,
      a.attnum,
      format_type(a.atttypid, a.atttypmod),
      a.attnotnull,
      s.null_frac,
      s.n_distinct,
      s.avg_width,
      s.correlation,
      s.most_common_freqs[1]
    from profiled as p
    join pg_attribute as a on a.attrelid = p.oid and a.attnum > 0 and not a.attisdropped
    left join pg_stats as s
      on s.schemaname = p.schema_name
      and s.tablename = p.relation_name
      and s.attname = a.attname
      -- A partitioned table has statistics of its whole tree only.
      and s.inherited = (p.relkind = 'p')
    on conflict do nothing;
    get diagnostics written = row_count;

    with {{ schema_evolve._profiled_relations(schema) }}
    select /* schema_evolve */ array_agg(format('%I.%I', schema_name, relation_name) order by schema_name, relation_name)
    into unreadable
    from profiled
    where relkind in ('r', 'p', 'm')
      and not has_any_column_privilege(oid, 'select');
    if cardinality(unreadable) > 0 then
      skips := skips || jsonb_build_object(
        'what', format('column statistics of %s relations', cardinality(unreadable)),
        'why', format('role %s may not read them: %s', current_user, array_to_string(unreadable[:3], ', '))
          || case when cardinality(unreadable) > 3 then ', ...' else '' end
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'columns', body, declare)) }}
{% endmacro %}
