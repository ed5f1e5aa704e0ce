{#- Sizes are null where another transaction holds the relation: asking would wait for it. -#}
{% macro _capture_relations(schema) %}
  {%- set declare %}
  waiting bigint;
  {%- endset -%}
  {%- set body %}
    with {{ schema_evolve._profiled_relations(schema) }},
    inserted as (
      insert /* schema_evolve */ into {{ schema_evolve._identifier(schema) }}.relation_profiles (
        capture_id, captured_at, schema_name, relation_name, kind, estimated_rows, table_bytes, index_bytes,
        inserted_rows, updated_rows, deleted_rows, dead_rows, sequential_scans, index_scans, last_analyzed_at
      )
      select
        current_capture_id,
        current_captured_at,
        p.schema_name,
        p.relation_name,
        case p.relkind
          when 'r' then 'table'
          when 'p' then 'partitioned table'
          when 'v' then 'view'
          when 'm' then 'materialized view'
          when 'f' then 'foreign table'
        end,
        case
          when p.relkind = 'v' or p.reltuples < 0 then null
          -- Before 14, a relation that was never analyzed has 0 rows on 0 pages.
          when p.reltuples = 0 and p.relpages = 0 and current_setting('server_version_num')::int < 140000 then null
          else p.reltuples::bigint
        end,
        case when p.relkind in ('r', 'p', 'm') and not p.is_locked then pg_table_size(p.oid) end,
        case when p.relkind in ('r', 'p', 'm') and not p.is_locked then pg_indexes_size(p.oid) end,
        pg_stat_get_tuples_inserted(p.oid),
        pg_stat_get_tuples_updated(p.oid),
        pg_stat_get_tuples_deleted(p.oid),
        pg_stat_get_dead_tuples(p.oid),
        pg_stat_get_numscans(p.oid),
        (
          select coalesce(sum(pg_stat_get_numscans(i.indexrelid)), 0)::bigint
          from pg_index as i
          where i.indrelid = p.oid
        ),
        greatest(pg_stat_get_last_analyze_time(p.oid), pg_stat_get_last_autoanalyze_time(p.oid))
      from profiled as p
      on conflict do nothing
      returning 1
    )
    select
      (select count(*) from inserted),
      (select count(*) from profiled where is_locked and relkind in ('r', 'p', 'm'))
    into
      written,
      waiting;
    if waiting > 0 then
      skips := skips || jsonb_build_object(
        'what', format('sizes of %s relations', waiting),
        'why', 'other transactions held them locked'
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'relations', body, declare)) }}
{% endmacro %}
