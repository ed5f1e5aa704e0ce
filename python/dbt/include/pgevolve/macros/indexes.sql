{#- As postgres__get_create_index_sql, with `include` and `where`. On a materialized view the index keeps the words of
    its config in a comment, because Postgres rewrites expressions and the next run has to see what changed. -#}
{% macro pgevolve__get_create_index_sql(relation, index_dict) -%}
  {%- set index = adapter.parse_index(index_dict) -%}
  {%- set index_name = index.render(relation) -%}

  create {% if index.unique %}unique {% endif %}index if not exists "{{ index_name }}"
  on {{ relation }}{% if index.type %} using {{ index.type }}{% endif %} ({{ index.columns | join(', ') }})
  {%- if index.include %} include ({{ index.include | join(', ') }}){% endif %}
  {%- if index.where %} where {{ index.where }}{% endif %}
  {%- if relation.is_materialized_view -%}
    {%- set written = {'columns': index.columns, 'include': index.include or [], 'where': index.where or ''} -%}
  ;
  comment /* schema_evolve */ on index {{ adapter.quote(relation.schema) }}."{{ index_name }}"
  is {{ _pgevolve_literal('schema_evolve: ' ~ tojson(written)) }}
  {%- endif %}
{%- endmacro %}


{% macro pgevolve__create_indexes(relation) %}
  {%- for entry in adapter.configured_indexes(config) -%}
    {%- do run_query(get_create_index_sql(relation, entry)) -%}
  {%- endfor -%}
{% endmacro %}


{% macro _pgevolve_literal(text) %}
  {{- return("E'" ~ text | replace('\\', '\\\\') | replace("'", "''") ~ "'") -}}
{% endmacro %}
