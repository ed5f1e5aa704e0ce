{#- dbt's results as plain values; every reading is optional, because dbt versions differ. -#}
{% macro _node_runs(results) %}
  {%- set runs = [] -%}
  {%- for result in results -%}
    {%- set node = result.node -%}
    {%- set has_relation = node.resource_type in ['model', 'seed', 'snapshot'] -%}
    {%- set started = [] -%}
    {%- for step in result.timing or [] if step.started_at -%}
      {%- do started.append(step.started_at.isoformat() ~ 'Z') -%}
    {%- endfor -%}
    {%- set response = result.adapter_response or {} -%}
    {%- do runs.append({
      'unique_id': node.unique_id,
      'status': result.status | string,
      'started_at': started | last | default(none),
      'execution_us': ((result.execution_time or 0) * 1000000) | round | int,
      'rows_affected': response.get('rows_affected'),
      'schema_name': node.schema if has_relation else none,
      'relation_name': (node.alias or node.name) if has_relation else none,
      'materialized': node.config.materialized if has_relation else none,
      'adapter_response': response,
    }) -%}
  {%- endfor -%}
  {{ return(runs) }}
{% endmacro %}
