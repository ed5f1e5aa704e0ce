{% macro pgevolve__get_create_materialized_view_as_sql(relation, sql) %}
    create materialized view if not exists {{ relation }} as {{ sql }};

    {% for entry in adapter.configured_indexes(config) -%}
        {{- get_create_index_sql(relation, entry) -}}{{ ';' if not loop.last else "" }}
    {%- endfor -%}
{% endmacro %}


{% macro pgevolve__get_alter_materialized_view_as_sql(
    relation, configuration_changes, sql, existing_relation, backup_relation, intermediate_relation
) %}
  {%- if configuration_changes.requires_full_refresh -%}
    {{ get_replace_sql(existing_relation, relation, sql) }}
  {%- else -%}
    {%- for change in configuration_changes.indexes -%}
      {%- if change.action == 'drop' -%}
    drop index if exists {{ adapter.quote(relation.schema) }}.{{ adapter.quote(change.context.name) }}
      {%- else -%}
    {{ get_create_index_sql(relation, change.context.as_node_config) }}
      {%- endif -%}
    {{ ';' if not loop.last else '' }}
    {%- endfor -%}
  {%- endif -%}
{% endmacro %}


{#- The columns that dbt-postgres selects, and the whole definition for ViewIndex.from_catalog. -#}
{% macro pgevolve__get_show_indexes_sql(relation) %}
    select
        indexed.relname as name,
        m.amname as method,
        i.indisunique as "unique",
        (
            select string_agg(a.attname, ',' order by k.position)
            from generate_series(1, i.indnkeyatts) as k (position)
            join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[k.position - 1]
        ) as column_names,
        json_build_object(
            'name', indexed.relname,
            'type', m.amname,
            'unique', i.indisunique,
            'columns', (
                select json_agg(
                    pg_get_indexdef(i.indexrelid, k.position, true)
                    || case when i.indoption[k.position - 1] & 1 <> 0 then ' desc' else '' end
                    order by k.position
                )
                from generate_series(1, i.indnkeyatts) as k (position)
            ),
            'include', (
                select coalesce(json_agg(quote_ident(a.attname) order by k.position), '[]')
                from generate_series(i.indnkeyatts + 1, i.indnatts) as k (position)
                join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[k.position - 1]
            ),
            'where', coalesce(pg_get_expr(i.indpred, i.indrelid, true), ''),
            'written', substring(obj_description(i.indexrelid, 'pg_class') from '^schema_evolve: (.*)$')
        )::text as definition
    from pg_index as i
    join pg_class as indexed on indexed.oid = i.indexrelid
    join pg_am as m on m.oid = indexed.relam
    join pg_class as c on c.oid = i.indrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relname = {{ _pgevolve_literal(relation.identifier) }}
      and n.nspname = {{ _pgevolve_literal(relation.schema) }}
      and c.relkind in ('r', 'm')
    order by 1, 2, 3
{% endmacro %}
