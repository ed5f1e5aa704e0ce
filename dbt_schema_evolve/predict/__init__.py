"""Case -> Forecast, or the reason why there is none."""
