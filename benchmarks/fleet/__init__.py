"""A fleet of miniature warehouses on real Postgres: the ground truth for forecasts."""
