{#- `vars: schema_evolve:` with its defaults. -#}
{% macro _settings() %}
  {%- set given = var('schema_evolve', {}) or {} -%}
  {{ return({
    'schema': given.get('schema', 'schema_evolve'),
    'schemas': given.get('schemas'),
    'analyze': given.get('analyze', true),
    'key_values': given.get('key_values', true),
  }) }}
{% endmacro %}
