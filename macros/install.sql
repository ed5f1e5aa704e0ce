{#- Make the schema and the tables that capture writes to; what exists stays as it is. -#}
{% macro install() %}
  {%- if execute -%}
    {%- do adapter.dispatch('install', 'schema_evolve')() -%}
  {%- endif -%}
  {{ return('') }}
{% endmacro %}


{% macro default__install() %}
  {%- do exceptions.raise_compiler_error('schema_evolve works on Postgres, not on ' ~ adapter.type()) -%}
{% endmacro %}


{% macro postgres__install() %}
  {%- set schema = schema_evolve._settings()['schema'] -%}
  {%- call statement('schema_evolve_install', auto_begin=false) -%}
do $schema_evolve$ /* schema_evolve */
begin
  perform /* schema_evolve */ set_config('lock_timeout', '10s', true);
  {{ schema_evolve._create_tables(schema) }}
end
$schema_evolve$
  {%- endcall -%}
  {%- do schema_evolve._say('installed in schema ' ~ schema) -%}
{% endmacro %}
