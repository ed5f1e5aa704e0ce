{% macro _capture_node_runs(schema) %}
  {%- set body %}
    insert /* schema_evolve */ into {{ schema_evolve._identifier(schema) }}.node_runs (
      capture_id, unique_id, status, started_at, execution_us, rows_affected,
      schema_name, relation_name, materialized, adapter_response
    )
    select
      current_capture_id,
      run.unique_id,
      run.status,
      run.started_at,
      run.execution_us,
      case when run.rows_affected >= 0 then run.rows_affected end,
      run.schema_name,
      run.relation_name,
      run.materialized,
      run.adapter_response
    from jsonb_to_recordset(current_setting('schema_evolve.node_runs')::jsonb) as run (
      unique_id text,
      status text,
      started_at timestamptz,
      execution_us bigint,
      rows_affected bigint,
      schema_name text,
      relation_name text,
      materialized text,
      adapter_response jsonb
    )
    on conflict do nothing;
    get diagnostics written = row_count;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'node runs', body)) }}
{% endmacro %}
