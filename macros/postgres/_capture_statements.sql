{#- pg_stat_statements, whichever version (columns were renamed and added) and schema. Without pg_read_all_stats
    the rows of other roles have no queryid. Statements about roles may hold passwords and are left out. -#}
{% macro _capture_statements(schema) %}
  {%- set declare %}
  source text;
  source_columns text[];
  {%- endset -%}
  {%- set body %}
    select /* schema_evolve */
      format('%I.pg_stat_statements', n.nspname)
    into source
    from pg_extension as e
    join pg_namespace as n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements';
    if source is null then
      raise exception 'the extension pg_stat_statements is not in this database';
    end if;
    source_columns := (
      select /* schema_evolve */ array_agg(attname::text)
      from pg_attribute
      where attrelid = source::regclass
        and attnum > 0
    );
    execute format(
      $statements$
        insert /* schema_evolve */ into {{ schema_evolve._identifier(schema) }}.statement_snapshots (
          capture_id, captured_at, queryid, role, toplevel, query,
          calls, total_us, rows, shared_blocks, temp_blocks, stats_since
        )
        select
          $1,
          $2,
          s.queryid,
          pg_get_userbyid(s.userid),
          %s,
          s.query,
          s.calls,
          round(s.%I * 1000)::bigint,
          s.rows,
          s.shared_blks_hit + s.shared_blks_read,
          s.temp_blks_read + s.temp_blks_written,
          %s
        from %s as s
        where s.dbid = (select oid from pg_database where datname = current_database())
          and s.queryid is not null
          and position('/* schema_evolve' in s.query) = 0
          and s.query !~* '^(\s|/\*.*?\*/|--[^\n]*\n)*(create|alter)\s+(role|user|group|server|subscription)\M'
        on conflict do nothing
      $statements$,
      case when 'toplevel' = any (source_columns) then 's.toplevel' else 'true' end,
      case when 'total_exec_time' = any (source_columns) then 'total_exec_time' else 'total_time' end,
      case when 'stats_since' = any (source_columns) then 's.stats_since' else 'null' end,
      source
    )
    using current_capture_id, current_captured_at;
    get diagnostics written = row_count;
    if not pg_has_role('pg_read_all_stats', 'usage') then
      skips := skips || jsonb_build_object(
        'what', 'statements of other roles',
        'why', format('role %s lacks pg_read_all_stats', current_user)
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'statements', body, declare)) }}
{% endmacro %}
