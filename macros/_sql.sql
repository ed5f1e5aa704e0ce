{#- Text as an SQL literal, whatever standard_conforming_strings says. -#}
{% macro _literal(text) %}
  {{ return("E'" ~ text | replace('\\', '\\\\') | replace("'", "''") ~ "'") }}
{% endmacro %}


{% macro _identifier(name) %}
  {{ return('"' ~ name | replace('"', '""') ~ '"') }}
{% endmacro %}
