-- Statements that logs, dbt and traces saw run. A row each, so that reading a file again adds
-- nothing; what is alike in most of them is kept once.
create table if not exists execution_origins (
    origin_number integer not null,
    source varchar not null,
    role varchar not null,
    application_name varchar not null,
    node_id varchar not null, -- empty: none
    tags varchar not null -- JSON: [[key, value], ...]
);

create table if not exists executions (
    warehouse varchar not null,
    execution_id ubigint not null,
    executed_at timestamp not null,
    text_number bigint not null,
    origin_number integer not null,
    duration_us bigint,
    rows bigint,
    queryid bigint
);
