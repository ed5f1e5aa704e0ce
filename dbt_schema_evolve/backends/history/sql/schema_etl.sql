-- What a job reports is mostly the same run after run: it is kept once, and events point to it.
create table if not exists etl_reports (
    warehouse varchar not null,
    sha256 varchar not null,
    content varchar not null, -- JSON of a JobReport
    primary key (warehouse, sha256)
);

create table if not exists etl_events (
    warehouse varchar not null,
    sha256 varchar not null,
    run_id varchar not null, -- empty for static events
    kind varchar not null,
    happened_at timestamp not null,
    job varchar not null, -- JSON: [namespace, name], or null
    error varchar not null,
    primary key (warehouse, sha256, run_id, kind, happened_at)
);
