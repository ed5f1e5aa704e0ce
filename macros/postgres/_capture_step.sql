{#- The first step: make the tables where they are missing, and claim this invocation. Its failure
    stops the capture, not the run. A second capture of the same invocation finds the claim and stops. -#}
{% macro _begin_capture(schema) %}
  {%- set own_schema = schema_evolve._identifier(schema) -%}
do $schema_evolve$ /* schema_evolve */
declare
  capture constant jsonb := current_setting('schema_evolve.capture');
  claimed bigint;
begin
  -- Two first captures at once would both create the tables; the loser waits here for lock_timeout at most.
  if to_regclass({{ schema_evolve._literal(own_schema ~ '.column_ranges') }}) is null then
    perform /* schema_evolve */ pg_advisory_xact_lock(hashtext('schema_evolve'));
  end if;
  begin
    {{ schema_evolve._create_tables(schema) }}
  exception when others then
    -- Tables that a newer version adds may need another's rights; those that are there still take their part.
    if to_regclass({{ schema_evolve._literal(own_schema ~ '.captures') }}) is null then
      raise;
    end if;
  end;
  insert /* schema_evolve */ into {{ own_schema }}.captures (
    capture_id, captured_at, which, target_name, target_schema,
    adapter_type, dbt_version, project_name, server_version
  )
  values (
    capture ->> 'capture_id',
    coalesce(nullif(capture ->> 'captured_at', '')::timestamptz, now()),
    capture ->> 'which',
    capture ->> 'target_name',
    capture ->> 'target_schema',
    capture ->> 'adapter_type',
    capture ->> 'dbt_version',
    capture ->> 'project_name',
    current_setting('server_version_num')::int
  )
  on conflict do nothing;
  get diagnostics claimed = row_count;
  perform /* schema_evolve */ set_config('schema_evolve.state', case claimed when 1 then 'capturing' else 'captured before' end, true);
exception when query_canceled or others then
  perform /* schema_evolve */
    set_config('schema_evolve.state', 'failed', true),
    set_config(
      'schema_evolve.not_looked_at',
      jsonb_build_array(jsonb_build_object('what', 'everything', 'why', sqlerrm))::text,
      true
    );
end
$schema_evolve$;
{% endmacro %}


{#- One kind of fact. The body sets `written` to the number of rows it wrote, and may call nothing that it does
    not survive: whatever it raises becomes an entry of not_looked_at. It may add to `skips` itself. -#}
{% macro _capture_step(schema, what, body, declare='') %}
do $schema_evolve$ /* schema_evolve */
#variable_conflict use_column
declare
  capture constant jsonb := current_setting('schema_evolve.capture');
  current_capture_id constant text := capture ->> 'capture_id';
  current_captured_at timestamptz;
  skips jsonb := '[]';
  written bigint := 0;
  {{ declare }}
begin
  if current_setting('schema_evolve.state') <> 'capturing' then
    return;
  end if;
  begin
    current_captured_at := (
      select /* schema_evolve */ c.captured_at
      from {{ schema_evolve._identifier(schema) }}.captures as c
      where c.capture_id = current_capture_id
    );
    {{ body }}
    perform /* schema_evolve */ set_config(
      'schema_evolve.written',
      concat_ws(', ', nullif(current_setting('schema_evolve.written'), ''), written || ' {{ what }}'),
      true
    );
  exception when query_canceled or others then
    skips := skips || jsonb_build_object('what', '{{ what }}', 'why', sqlerrm);
  end;
  perform /* schema_evolve */ set_config(
    'schema_evolve.not_looked_at',
    (current_setting('schema_evolve.not_looked_at')::jsonb || skips)::text,
    true
  );
end
$schema_evolve$;
{% endmacro %}


{#- The last step: keep with the capture what it did not look at. -#}
{% macro _end_capture(schema) %}
do $schema_evolve$ /* schema_evolve */
begin
  if current_setting('schema_evolve.state') <> 'capturing' then
    return;
  end if;
  update /* schema_evolve */ {{ schema_evolve._identifier(schema) }}.captures
  set not_looked_at = current_setting('schema_evolve.not_looked_at')::jsonb
  where capture_id = current_setting('schema_evolve.capture')::jsonb ->> 'capture_id';
  perform /* schema_evolve */ set_config('schema_evolve.state', 'captured', true);
exception when query_canceled or others then
  perform /* schema_evolve */ set_config(
    'schema_evolve.not_looked_at',
    (
      current_setting('schema_evolve.not_looked_at')::jsonb
      || jsonb_build_object('what', 'the list of what was not looked at', 'why', sqlerrm)
    )::text,
    true
  );
end
$schema_evolve$;
{% endmacro %}
