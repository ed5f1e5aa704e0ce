{#- Indexes taken apart into keys, because dbt gives them a new name at each build. pg_get_indexdef wraps an expression
    that is no plain function call into one pair of parentheses, which is taken off. -#}
{% macro _capture_indexes(schema) %}
  {%- set declare %}
  waiting bigint;
  {%- endset -%}
  {%- set body %}
    with {{ schema_evolve._profiled_relations(schema) }},
    found as (
      select
        p.schema_name,
        p.relation_name,
        p.is_locked or i.indexrelid in (select oid from locked) as is_locked,
        i.*
      from profiled as p
      join pg_index as i on i.indrelid = p.oid
    ),
    inserted as (
      insert /* schema_evolve */ into {{ schema_evolve._identifier(schema) }}.index_profiles (
        capture_id, captured_at, schema_name, relation_name, index_name, definition, method, keys, include,
        predicate, is_unique, is_primary, is_valid, backs_constraint, bytes, scans
      )
      select
        current_capture_id,
        current_captured_at,
        i.schema_name,
        i.relation_name,
        c.relname,
        pg_get_indexdef(i.indexrelid),
        m.amname,
        (
          select jsonb_agg(
            jsonb_build_object(
              'term', coalesce(
                a.attname::text,
                regexp_replace(pg_get_indexdef(i.indexrelid, k.position, true), '^\((.*)\)$', '\1')
              ),
              'is_expression', a.attname is null,
              'descending', i.indoption[k.position - 1] & 1 <> 0,
              'nulls_first', i.indoption[k.position - 1] & 2 <> 0,
              'operator_class', case
                when o.opcdefault and own.attoptions is null then ''
                else
                  case when pg_opclass_is_visible(o.oid) then '' else quote_ident(n.nspname) || '.' end
                  || quote_ident(o.opcname)
                  || coalesce('(' || array_to_string(own.attoptions, ', ') || ')', '')
              end
            )
            order by k.position
          )
          from generate_series(1, i.indnkeyatts) as k (position)
          join pg_opclass as o on o.oid = i.indclass[k.position - 1]
          join pg_namespace as n on n.oid = o.opcnamespace
          join pg_attribute as own on own.attrelid = i.indexrelid and own.attnum = k.position
          left join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = nullif(i.indkey[k.position - 1], 0)
        ),
        (
          select coalesce(jsonb_agg(a.attname order by k.position), '[]')
          from generate_series(i.indnkeyatts + 1, i.indnatts) as k (position)
          join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[k.position - 1]
        ),
        coalesce(pg_get_expr(i.indpred, i.indrelid, true), ''),
        i.indisunique,
        i.indisprimary,
        i.indisvalid,
        exists (
          select
          from pg_constraint as held
          where held.conindid = i.indexrelid
            and held.contype in ('p', 'u', 'x')
        ),
        pg_relation_size(i.indexrelid),
        pg_stat_get_numscans(i.indexrelid)
      from found as i
      join pg_class as c on c.oid = i.indexrelid
      join pg_am as m on m.oid = c.relam
      where not i.is_locked
      on conflict do nothing
      returning 1
    )
    select
      (select count(*) from inserted),
      (select count(*) from found where is_locked)
    into
      written,
      waiting;
    if waiting > 0 then
      skips := skips || jsonb_build_object(
        'what', format('%s indexes', waiting),
        'why', 'other transactions held them locked'
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'indexes', body, declare)) }}
{% endmacro %}
