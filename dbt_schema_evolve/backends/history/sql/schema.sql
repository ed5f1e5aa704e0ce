-- Version 1. Instants are UTC without a zone, because DuckDB's Python client needs pytz for zones.
-- Query texts are kept once: a capture repeats all of them. Everything hangs on a capture's number,
-- so that one warehouse's facts never mix with another's.
create table meta (
    version integer not null
);

insert into meta values (1);

create table captures (
    capture_number integer primary key,
    warehouse varchar not null,
    capture_id varchar not null,
    captured_at timestamp not null,
    which varchar not null,
    target_name varchar not null,
    target_schema varchar not null,
    adapter_type varchar not null,
    dbt_version varchar not null,
    project_name varchar not null,
    server_version integer,
    not_looked_at varchar not null, -- JSON: [[what, why], ...]
    unique (warehouse, capture_id)
);

create table texts (
    text_number bigint not null,
    text varchar not null
);

create table node_runs (
    capture_number integer not null,
    unique_id varchar not null,
    status varchar not null,
    started_at varchar,
    execution_us bigint not null,
    schema_name varchar,
    relation_name varchar,
    materialized varchar not null,
    rows_affected bigint,
    adapter_response varchar not null -- JSON
);

create table statement_snapshots (
    capture_number integer not null,
    queryid bigint not null,
    role varchar not null,
    toplevel boolean not null,
    text_number bigint not null,
    calls bigint not null,
    total_us bigint not null,
    rows bigint not null,
    shared_blocks bigint not null,
    temp_blocks bigint not null,
    stats_since timestamp
);

create table relation_profiles (
    capture_number integer not null,
    schema_name varchar not null,
    relation_name varchar not null,
    kind varchar not null,
    estimated_rows bigint,
    table_bytes bigint,
    index_bytes bigint,
    inserted_rows bigint,
    updated_rows bigint,
    deleted_rows bigint,
    dead_rows bigint,
    sequential_scans bigint,
    index_scans bigint,
    last_analyzed_at timestamp
);

create table column_profiles (
    capture_number integer not null,
    schema_name varchar not null,
    relation_name varchar not null,
    column_name varchar not null,
    position integer not null,
    type varchar not null,
    not_null boolean not null,
    null_ratio double,
    distinct_values double,
    average_width_bytes integer,
    correlation double,
    top_value_ratio double
);

create table index_profiles (
    capture_number integer not null,
    schema_name varchar not null,
    relation_name varchar not null,
    index_name varchar not null,
    definition varchar not null,
    method varchar not null,
    keys varchar not null, -- JSON: [[term, is_expression, descending, nulls_first, operator_class], ...]
    include varchar not null, -- JSON: [column, ...]
    predicate varchar not null,
    is_unique boolean not null,
    is_primary boolean not null,
    is_valid boolean not null,
    backs_constraint boolean not null,
    bytes bigint,
    scans bigint
);

create table artifacts (
    warehouse varchar not null,
    kind varchar not null,
    invocation_id varchar not null,
    sha256 varchar not null,
    generated_at varchar not null,
    content blob not null, -- gzip
    primary key (warehouse, kind, invocation_id, sha256)
);

create table artifact_runs (
    warehouse varchar not null,
    invocation_id varchar not null,
    generated_at timestamp not null,
    which varchar not null,
    unique_id varchar not null,
    status varchar not null,
    started_at varchar,
    execution_us bigint not null
);
