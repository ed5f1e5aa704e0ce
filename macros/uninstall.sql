{#- Drop the tables that install or capture made, and the schema if they made it and it is empty then.
    Nothing cascades: where a foreign object depends on a table, nothing is dropped and Postgres says which. -#}
{% macro uninstall() %}
  {%- if execute -%}
    {%- do adapter.dispatch('uninstall', 'schema_evolve')() -%}
  {%- endif -%}
  {{ return('') }}
{% endmacro %}


{% macro default__uninstall() %}
  {%- do exceptions.raise_compiler_error('schema_evolve works on Postgres, not on ' ~ adapter.type()) -%}
{% endmacro %}


{% macro postgres__uninstall() %}
  {%- set schema = schema_evolve._settings()['schema'] -%}
  {%- set sql -%}
do $schema_evolve$ /* schema_evolve */
declare
  own_schema constant text := {{ schema_evolve._literal(schema) }};
  own_tables constant text[] := {{ schema_evolve._literal('{' ~ schema_evolve._tables() | join(',') ~ '}') }};
  own_table text;
  dropped int := 0;
begin
  perform /* schema_evolve */ set_config('lock_timeout', '10s', true);
  for own_table in
    select /* schema_evolve */ c.relname
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = own_schema
      and c.relname = any (own_tables)
      and obj_description(c.oid, 'pg_class') like 'schema\_evolve: %'
    order by c.relname
  loop
    execute format('drop /* schema_evolve */ table %I.%I', own_schema, own_table);
    dropped := dropped + 1;
  end loop;
  perform /* schema_evolve */ set_config('schema_evolve.outcome', format('dropped %s tables', dropped), true);
  if obj_description(to_regnamespace(quote_ident(own_schema)), 'pg_namespace') like 'schema\_evolve: %' then
    begin
      execute format('drop /* schema_evolve */ schema %I', own_schema);
    exception when dependent_objects_still_exist then
      perform /* schema_evolve */ set_config(
        'schema_evolve.outcome',
        format('dropped %s tables and left schema %s, which holds other objects', dropped, own_schema),
        true
      );
    end;
  end if;
end
$schema_evolve$;
select /* schema_evolve */ current_setting('schema_evolve.outcome') as outcome
  {%- endset -%}
  {%- do schema_evolve._say(run_query(sql).rows[0]['outcome']) -%}
{% endmacro %}
