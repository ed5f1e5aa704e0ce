{#- For `type: postgres` targets of projects whose `indexes` have `where` or `include`: dbt-postgres refuses both, after it
    has built the table. Takes effect only where the project's `dispatch` puts schema_evolve before dbt. -#}
{% macro postgres__get_create_index_sql(relation, index_dict) %}
  {%- if adapter.type() == 'pgevolve' -%}
    {#- The search order puts this package before the adapter, which knows better. Through `context`,
        because under other adapters there is no macro of that name. -#}
    {{ return(context['pgevolve__get_create_index_sql'](relation, index_dict)) }}
  {%- endif -%}

  {%- set known = {} -%}
  {%- for key, value in index_dict.items() if key not in ['where', 'include'] -%}
    {%- do known.update({key: value}) -%}
  {%- endfor -%}
  {%- set index = adapter.parse_index(known) -%}
  {%- set include = index_dict.get('include') or [] -%}
  {%- set where = index_dict.get('where') or '' -%}

  create {% if index.unique %}unique {% endif %}index if not exists "{{ local_md5(index.render(relation) ~ include ~ where) }}"
  on {{ relation }}{% if index.type %} using {{ index.type }}{% endif %} ({{ index.columns | join(', ') }})
  {%- if include %} include ({{ include | join(', ') }}){% endif %}
  {%- if where %} where {{ where }}{% endif %}
{%- endmacro %}
