{#- A `table` model is a new table at each run: it has no statistics until somebody analyzes it. Do that for what this
    run built, smallest first, within five seconds; autovacuum gets to the rest. Only an owner may. -#}
{% macro _analyze_built_relations(schema) %}
  {%- set declare %}
  built record;
  late bigint := 0;
  {%- endset -%}
  {%- set body %}
    for built in
      select /* schema_evolve */
        n.nspname,
        c.relname
      from jsonb_to_recordset(current_setting('schema_evolve.node_runs')::jsonb) as run (
        status text,
        schema_name text,
        relation_name text
      )
      join pg_namespace as n on n.nspname = run.schema_name
      join pg_class as c on c.relnamespace = n.oid and c.relname = run.relation_name
      where capture ->> 'analyze' = 'true'
        and run.status = 'success'
        and c.relkind in ('r', 'p', 'm')
        and pg_has_role(c.relowner, 'usage')
        and pg_stat_get_last_analyze_time(c.oid) is null
        and pg_stat_get_last_autoanalyze_time(c.oid) is null
      order by c.relpages, n.nspname, c.relname
    loop
      if clock_timestamp() < now() + interval '5 s' then
        execute format('analyze /* schema_evolve */ (skip_locked) %I.%I', built.nspname, built.relname);
        written := written + 1;
      else
        late := late + 1;
      end if;
    end loop;
    -- What these functions said before the loop would be said again for the rest of the transaction.
    perform /* schema_evolve */ pg_stat_clear_snapshot();
    if late > 0 then
      skips := skips || jsonb_build_object(
        'what', format('statistics of %s new relations', late),
        'why', 'analyzing the others took 5 s; analyze them in a post-hook'
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'analyzed relations', body, declare)) }}
{% endmacro %}
