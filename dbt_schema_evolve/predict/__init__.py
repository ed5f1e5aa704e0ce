"""FeatureVector -> Forecast."""
