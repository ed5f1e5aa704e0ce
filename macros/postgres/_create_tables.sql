{#- The tables that capture writes to, each with what it holds and its columns. -#}
{% macro _tables() %}
  {%- set key = 'capture_id text not null, captured_at timestamptz not null' -%}
  {{ return({
    'captures': {
      'about': 'one row per captured dbt invocation',
      'columns': '
        capture_id text primary key,
        captured_at timestamptz not null,
        which text,
        target_name text,
        target_schema text,
        adapter_type text,
        dbt_version text,
        project_name text,
        server_version int,
        not_looked_at jsonb not null default \'[]\'
      ',
    },
    'node_runs': {
      'about': 'what dbt built or tested, and how long it took',
      'columns': '
        capture_id text not null,
        unique_id text not null,
        status text,
        started_at timestamptz,
        execution_us bigint,
        rows_affected bigint,
        schema_name text,
        relation_name text,
        materialized text,
        adapter_response jsonb,
        primary key (capture_id, unique_id)
      ',
    },
    'statement_snapshots': {
      'about': 'counters of pg_stat_statements; they only grow until a reset',
      'columns': key ~ ',
        queryid bigint not null,
        role text not null,
        toplevel boolean not null,
        query text,
        calls bigint,
        total_us bigint,
        rows bigint,
        shared_blocks bigint,
        temp_blocks bigint,
        stats_since timestamptz,
        primary key (capture_id, queryid, role, toplevel)
      ',
    },
    'relation_profiles': {
      'about': 'sizes and traffic of tables and views; estimated_rows is null where never analyzed',
      'columns': key ~ ',
        schema_name text not null,
        relation_name text not null,
        kind text,
        estimated_rows bigint,
        table_bytes bigint,
        index_bytes bigint,
        inserted_rows bigint,
        updated_rows bigint,
        deleted_rows bigint,
        dead_rows bigint,
        sequential_scans bigint,
        index_scans bigint,
        last_analyzed_at timestamptz,
        primary key (capture_id, schema_name, relation_name)
      ',
    },
    'column_profiles': {
      'about': 'shapes of columns as pg_stats knows them, without any value',
      'columns': key ~ ',
        schema_name text not null,
        relation_name text not null,
        column_name text not null,
        position int,
        type text,
        not_null boolean,
        null_ratio float8,
        distinct_values float8,
        average_width_bytes int,
        correlation float8,
        top_value_ratio float8,
        primary key (capture_id, schema_name, relation_name, column_name)
      ',
    },
    'index_profiles': {
      'about': 'indexes by structure, with size and use',
      'columns': key ~ ',
        schema_name text not null,
        relation_name text not null,
        index_name text not null,
        definition text,
        method text,
        keys jsonb,
        include jsonb,
        predicate text,
        is_unique boolean,
        is_primary boolean,
        is_valid boolean,
        backs_constraint boolean,
        bytes bigint,
        scans bigint,
        primary key (capture_id, schema_name, index_name)
      ',
    },
    'column_ranges': {
      'about': 'how far the values of columns reach: the highest one of keys, the magnitude of other numbers',
      'columns': key ~ ',
        schema_name text not null,
        relation_name text not null,
        column_name text not null,
        value_bits int,
        highest_value bigint,
        is_exact boolean,
        greatest_length int,
        sequence_value bigint,
        sequence_limit bigint,
        sequence_cycles boolean,
        referenced_schema text,
        referenced_relation text,
        referenced_column text,
        primary key (capture_id, schema_name, relation_name, column_name)
      ',
    },
  }) }}
{% endmacro %}


{#- Statements for a PL/pgSQL block. They look before they create: `if not exists` asks for the right to create
    even where there is nothing to do. The comments mark what uninstall may drop. -#}
{% macro _create_tables(schema) %}
  {%- set own_schema = schema_evolve._identifier(schema) %}
  if to_regnamespace({{ schema_evolve._literal(own_schema) }}) is null then
    create /* schema_evolve */ schema {{ own_schema }};
    comment /* schema_evolve */ on schema {{ own_schema }} is 'schema_evolve: what dbt runs looked like, for dbt-schema-evolve';
  end if;
  {%- for name, table in schema_evolve._tables().items() %}
    {%- set own_table = own_schema ~ '.' ~ name %}
  if to_regclass({{ schema_evolve._literal(own_table) }}) is null then
    create /* schema_evolve */ table {{ own_table }} ({{ table['columns'] }});
    comment /* schema_evolve */ on table {{ own_table }} is 'schema_evolve: {{ table['about'] }}';
  end if;
  {%- endfor %}
{% endmacro %}
