{#- Note what this invocation built and what the warehouse looks like now: docs/capture.md. -#}
{% macro capture() %}
  {%- if execute -%}
    {%- do adapter.dispatch('capture', 'schema_evolve')() -%}
  {%- endif -%}
  {{ return('') }}
{% endmacro %}


{% macro default__capture() %}
  {%- do schema_evolve._say('not looked at: everything (' ~ adapter.type() ~ ' is not Postgres)', is_warning=true) -%}
{% endmacro %}


{% macro postgres__capture() %}
  {#- Redshift and other adapters inherit from postgres, but have neither DO nor these catalogs. -#}
  {%- if adapter.type() not in ['postgres', 'pgevolve'] -%}
    {%- do return(schema_evolve.default__capture()) -%}
  {%- endif -%}

  {%- if env_var('SCHEMA_EVOLVE_CAPTURE', 'on') == 'off' -%}
    {#- The shadow target builds the project too; its runs are not production's. -#}
    {%- do return(schema_evolve._say('nothing captured: SCHEMA_EVOLVE_CAPTURE is off')) -%}
  {%- endif -%}

  {%- if invocation_args_dict.get('empty') or invocation_args_dict.get('sample') -%}
    {#- Times and sizes without the real rows would only mislead. -#}
    {%- do return(schema_evolve._say('nothing captured: the run had --empty or --sample')) -%}
  {%- endif -%}

  {%- set usable = run_query(schema_evolve._plpgsql_is_usable_sql()).rows[0]['usable'] -%}
  {%- if not usable -%}
    {%- do return(schema_evolve._say('not looked at: everything (this role may not use PL/pgSQL)', is_warning=true)) -%}
  {%- endif -%}

  {%- set in_hook = results is defined -%}
  {%- set node_runs = schema_evolve._node_runs(results if in_hook else []) -%}
  {%- set outcome = run_query(schema_evolve._capture_sql(node_runs)).rows[0] -%}

  {%- set skips = [] -%}
  {%- for skip in fromjson(outcome['not_looked_at']) -%}
    {%- do skips.append(skip['what'] ~ ' (' ~ skip['why'] ~ ')') -%}
  {%- endfor -%}
  {%- if skips -%}
    {%- do schema_evolve._say('not looked at: ' ~ skips | join('; '), is_warning=true) -%}
  {%- endif -%}
  {%- if outcome['state'] == 'captured' -%}
    {%- do schema_evolve._say('captured ' ~ outcome['written'], is_shown=not in_hook) -%}
  {%- elif outcome['state'] == 'captured before' -%}
    {%- do schema_evolve._say('this invocation is captured already', is_shown=not in_hook) -%}
  {%- endif -%}
{% endmacro %}


{#- Hardened databases take the language from public; a DO block would fail there before it catches anything. -#}
{% macro _plpgsql_is_usable_sql() %}
select /* schema_evolve */ exists (
  select
  from pg_catalog.pg_language
  where lanname = 'plpgsql'
    and pg_catalog.has_language_privilege(oid, 'usage')
) as usable
{% endmacro %}


{#- The one string that capture sends. Postgres runs a string of several statements as one
    transaction when none is open, which is how dbt hands a hook its connection. Each DO catches its own
    errors, because Jinja cannot, and each has its own statement_timeout. Facts travel in transaction-local
    settings rather than in the DO blocks, whose texts therefore stay the same from run to run and
    take one entry each in pg_stat_statements. -#}
{% macro _capture_sql(node_runs) %}
  {%- set settings = schema_evolve._settings() -%}
  {%- set capture = {
    'capture_id': invocation_id,
    'captured_at': env_var('SCHEMA_EVOLVE_CAPTURED_AT', ''),
    'which': invocation_args_dict.get('which'),
    'target_name': target.name,
    'target_schema': target.schema,
    'adapter_type': adapter.type(),
    'dbt_version': dbt_version,
    'project_name': project_name,
    'schemas': settings['schemas'],
    'analyze': settings['analyze'],
    'key_values': settings['key_values'],
  } -%}
select /* schema_evolve */
  set_config('schema_evolve.state', 'new', true),
  set_config('schema_evolve.not_looked_at', '[]', true),
  set_config('schema_evolve.written', '', true),
  set_config('schema_evolve.capture', {{ schema_evolve._literal(tojson(capture)) }}, true),
  set_config('schema_evolve.node_runs', {{ schema_evolve._literal(tojson(node_runs)) }}, true),
  set_config('lock_timeout', '2s', true),
  set_config('statement_timeout', '20s', true),
  set_config('search_path', 'pg_catalog', true),
  set_config('standard_conforming_strings', 'on', true),
  set_config('timezone', 'UTC', true),
  set_config('jit', 'off', true);
{{ schema_evolve._begin_capture(settings['schema']) }}
{{ schema_evolve._capture_node_runs(settings['schema']) }}
{{ schema_evolve._analyze_built_relations(settings['schema']) }}
{{ schema_evolve._capture_statements(settings['schema']) }}
{{ schema_evolve._capture_relations(settings['schema']) }}
{{ schema_evolve._capture_columns(settings['schema']) }}
{{ schema_evolve._capture_indexes(settings['schema']) }}
{{ schema_evolve._capture_key_ends(settings['schema']) }}
{{ schema_evolve._capture_ranges(settings['schema']) }}
{{ schema_evolve._end_capture(settings['schema']) }}
select /* schema_evolve */
  current_setting('schema_evolve.state') as state,
  current_setting('schema_evolve.not_looked_at') as not_looked_at,
  current_setting('schema_evolve.written') as written
{% endmacro %}
