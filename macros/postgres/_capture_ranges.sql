{#- How far the values of a column reach: of keys the highest one, of other numbers how many bits the largest
    needs, of limited texts the greatest length. Out of what ANALYZE sampled, and the ends that the step before read. -#}
{% macro _capture_ranges(schema) %}
  {%- set own_table = schema_evolve._identifier(schema) ~ '.column_ranges' -%}
  {%- set body %}
    if to_regclass({{ schema_evolve._literal(own_table) }}) is null then
      raise exception 'table column_ranges is missing: let its owner run `dbt run-operation schema_evolve.install` again';
    end if;
    with {{ schema_evolve._profiled_relations(schema) }},
    {{ schema_evolve._key_columns() }},
    references_to as (
      select distinct on (c.conrelid, k.attnum)
        c.conrelid as relid,
        k.attnum,
        n.nspname as schema_name,
        r.relname as relation_name,
        a.attname as column_name
      from pg_constraint as c
      cross join lateral unnest(c.conkey, c.confkey) as k (attnum, referenced)
      join pg_class as r on r.oid = c.confrelid
      join pg_namespace as n on n.oid = r.relnamespace
      join pg_attribute as a on a.attrelid = c.confrelid and a.attnum = k.referenced
      where c.contype = 'f'
        and c.conparentid = 0
      order by c.conrelid, k.attnum, c.conname
    ),
    reaching as (
      select
        p.schema_name,
        p.relation_name,
        a.attname,
        e.highest is not null as is_exact,
        key_columns.relid is not null as is_key,
        coalesce(e.lowest, number.lowest) as lowest,
        coalesce(e.highest, number.highest) as highest,
        word.greatest_length,
        s.value,
        s.greatest,
        s.cycles,
        f.schema_name as referenced_schema,
        f.relation_name as referenced_relation,
        f.column_name as referenced_column
      from profiled as p
      join pg_attribute as a on a.attrelid = p.oid and a.attnum > 0 and not a.attisdropped
      cross join lateral (
        select
          a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) as is_number,
          a.atttypid in ('text'::regtype, 'varchar'::regtype) as is_word
      ) as t
      left join pg_stats as sampled
        on sampled.schemaname = p.schema_name
        and sampled.tablename = p.relation_name
        and sampled.attname = a.attname
        and sampled.inherited = (p.relkind = 'p')
      left join key_columns on key_columns.relid = p.oid and key_columns.attnum = a.attnum
      left join jsonb_to_recordset(current_setting('schema_evolve.key_ends', true)::jsonb)
        as e (relid oid, attnum int2, lowest numeric, highest numeric)
        on e.relid = p.oid and e.attnum = a.attnum
      left join jsonb_to_recordset(current_setting('schema_evolve.sequences', true)::jsonb)
        as s (relid oid, attnum int2, value bigint, greatest bigint, cycles boolean)
        on s.relid = p.oid and s.attnum = a.attnum
      left join references_to as f on f.relid = p.oid and f.attnum = a.attnum
      cross join lateral (
        select
          min(v.value) as lowest,
          max(v.value) as highest
        from (
          select unnest(case when t.is_number then sampled.most_common_vals::text::numeric[] end) as value
          union all
          select unnest(case when t.is_number then sampled.histogram_bounds::text::numeric[] end)
        ) as v
        where v.value::text not in ('NaN', 'Infinity', '-Infinity')
      ) as number
      cross join lateral (
        select max(length(v.value)) as greatest_length
        from (
          select unnest(case when t.is_word then sampled.most_common_vals::text::text[] end) as value
          union all
          select unnest(case when t.is_word then sampled.histogram_bounds::text::text[] end)
        ) as v
      ) as word
      where t.is_number or t.is_word
    )
    insert /* schema_evolve */ into {{ own_table }} (
      capture_id, captured_at, schema_name, relation_name, column_name, value_bits, highest_value, is_exact,
      greatest_length, sequence_value, sequence_limit, sequence_cycles,
      referenced_schema, referenced_relation, referenced_column
    )
    select
      current_capture_id,
      current_captured_at,
      r.schema_name,
      r.relation_name,
      r.attname,
      case
        when m.magnitude < 9223372036854775808
          then coalesce(65 - nullif(position('1' in m.magnitude::bigint::bit(64)::text), 0), 0)
        when m.magnitude is not null then 64
      end,
      case when r.is_key and r.highest = trunc(r.highest) and m.magnitude < 9223372036854775808 then r.highest::bigint end,
      r.is_exact,
      r.greatest_length,
      r.value,
      r.greatest,
      r.cycles,
      r.referenced_schema,
      r.referenced_relation,
      r.referenced_column
    from reaching as r
    -- Two's complement: -32768 needs no more bits than 32767.
    cross join lateral (select greatest(trunc(r.highest), -1 - trunc(r.lowest)) as magnitude) as m
    where coalesce(r.highest, r.greatest_length, r.value) is not null
      or r.referenced_column is not null
    on conflict do nothing;
    get diagnostics written = row_count;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'ranges of columns', body)) }}
{% endmacro %}
