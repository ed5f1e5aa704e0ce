-- The lineage graph through time. An element is a row for each stretch of states in which it was
-- the same: from `first_state` to `last_state`, or until now where that is null. States are
-- numbered from 1 without gaps, by warehouse.
create table if not exists lineage_states (
    warehouse varchar not null,
    state_number integer not null,
    invocation_id varchar not null,
    generated_at timestamp not null,
    git_commit varchar, -- null: not known
    is_dirty boolean not null,
    which varchar not null,
    primary key (warehouse, state_number)
);

create table if not exists lineage_nodes (
    warehouse varchar not null,
    node varchar not null,
    kind varchar not null,
    name varchar not null,
    schema_name varchar,
    relation_name varchar,
    materialized varchar not null,
    has_inferred_columns boolean not null,
    detail varchar not null,
    first_state integer not null,
    last_state integer
);

create table if not exists lineage_columns (
    warehouse varchar not null,
    node varchar not null,
    position integer not null,
    column_name varchar not null,
    type varchar not null,
    not_null boolean not null,
    collation_sql varchar not null,
    first_state integer not null,
    last_state integer
);

create table if not exists lineage_relation_edges (
    warehouse varchar not null,
    source varchar not null,
    target varchar not null,
    origin varchar not null,
    first_state integer not null,
    last_state integer
);

create table if not exists lineage_column_edges (
    warehouse varchar not null,
    source varchar not null,
    source_column varchar not null,
    target varchar not null,
    target_column varchar not null,
    kind varchar not null,
    expression varchar not null,
    origin varchar not null,
    first_state integer not null,
    last_state integer
);

create table if not exists lineage_indirect_edges (
    warehouse varchar not null,
    source varchar not null,
    source_column varchar not null,
    target varchar not null,
    kind varchar not null,
    origin varchar not null,
    first_state integer not null,
    last_state integer
);
