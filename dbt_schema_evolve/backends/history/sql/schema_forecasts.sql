-- What predictors said, kept until it is known what came: one forecast a subject, predictor and day.
create table if not exists forecasts (
    warehouse varchar not null,
    predictor varchar not null,
    subject varchar not null,
    made_on date not null,
    made_at timestamp not null,
    horizon_days double not null,
    measured_us double not null,
    predicted_us double not null,
    predicted_low_us double not null,
    predicted_high_us double not null,
    predicted_probability double, -- null: the predictor does not say
    primary key (warehouse, predictor, subject, made_on)
);
