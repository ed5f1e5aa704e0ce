{#- One line to the user. Not exceptions.warn: `--warn-error` would make it fail the run. -#}
{% macro _say(text, is_warning=false, is_shown=true) %}
  {%- do log('schema_evolve: ' ~ ('warning: ' if is_warning else '') ~ text, info=is_shown) -%}
{% endmacro %}
