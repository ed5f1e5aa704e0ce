select
    predictor,
    subject,
    made_at,
    horizon_days,
    measured_us,
    predicted_us,
    predicted_low_us,
    predicted_high_us,
    predicted_probability
from forecasts
where warehouse = $warehouse
    and predictor = $predictor
    and made_at >= coalesce($since::timestamp, made_at)
order by subject, made_at
