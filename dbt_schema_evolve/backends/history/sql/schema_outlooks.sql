-- What the planner said of queries at sizes to come; what it said first of an instant is kept.
create table if not exists outlooks (
    warehouse varchar not null,
    subject varchar not null,
    made_at timestamp not null,
    horizon_days double not null,
    estimated_cost double not null,
    plan_id varchar not null,
    estimated_fill_ratio double not null,
    flips varchar not null, -- JSON: [sentence, ...]
    row_ratio double not null,
    primary key (warehouse, subject, made_at, horizon_days)
);
