"""Small inline SVG charts; colours come from the page's style sheet, text is always escaped."""

import math

from markupsafe import Markup

from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.trials import SpeedComparison
from dbt_schema_evolve.report.figures import duration

_WIDTH = 240
_MOST = 2.5  # times the baseline: a bar beyond that runs off the chart


def paired_bars(speed: SpeedComparison) -> Markup:
    """Return a query's times before and after, one above the other, with the interval."""
    limit = min(max(1.0, speed.measured_ratio, speed.ratio_high), _MOST)

    def place(ratio: float) -> float:
        return round(min(ratio, limit) / limit * _WIDTH, 1)

    low, high = place(speed.ratio_low), place(speed.ratio_high)
    label = (
        f"before {duration(speed.measured_baseline_us)}, "
        f"after {duration(speed.measured_patched_us)}, "
        f"interval of the ratio {speed.ratio_low:.2f} to {speed.ratio_high:.2f}"
    )
    return Markup(
        '<svg class="bars" viewBox="0 0 {width} 22" role="img" aria-label="{label}">'
        '<rect class="before" x="0" y="1" width="{before}" height="8" rx="1"/>'
        '<rect class="{kind}" x="0" y="12" width="{after}" height="8" rx="1"/>'
        '<path class="whisker" d="M{low} 16H{high}M{low} 13v6M{high} 13v6"/></svg>'
    ).format(
        width=_WIDTH,
        label=label,
        before=place(1.0),
        after=place(speed.measured_ratio),
        kind=tone(speed),
        low=low,
        high=high,
    )


def tone(speed: SpeedComparison) -> str:
    """Return whether the interval lies on one side of `as fast as before`."""
    if speed.ratio_high < 1:
        return "faster"
    return "slower" if speed.ratio_low > 1 else "level"


def forecast_range(forecast: Forecast, most_ratio: float) -> Markup:
    """Return today's time as a tick, and the predicted one as a point in its interval.

    The axis is logarithmic, from as fast as today to `most_ratio` times as slow, so that the
    rows of one table can be compared.
    """
    bounds = (forecast.predicted_low_us, forecast.predicted_high_us)
    low_ratio, high_ratio = (max(bound, 1) / forecast.measured_us for bound in bounds)
    edge = math.log(max(most_ratio, 1.1) * 1.05)
    least = math.log(0.8)

    def place(ratio: float) -> float:
        share = (math.log(max(ratio, 0.01)) - least) / (edge - least)
        return round(min(max(share, 0), 1) * (_WIDTH - 8) + 4, 1)

    label = (
        f"now {duration(forecast.measured_us)}, "
        f"predicted {duration(forecast.predicted_us)}, between "
        f"{duration(bounds[0])} and {duration(bounds[1])}"
    )
    return Markup(
        '<svg class="range" viewBox="0 0 {width} 16" role="img" aria-label="{label}">'
        '<path class="axis" d="M4 8H{end}"/><path class="now" d="M{now} 2v12"/>'
        '<path class="span" d="M{low} 8H{high}"/><circle class="point" cx="{at}" cy="8" r="3.5"/>'
        "</svg>"
    ).format(
        width=_WIDTH,
        label=label,
        end=_WIDTH - 4,
        now=place(1.0),
        low=place(low_ratio),
        high=place(high_ratio),
        at=place(forecast.predicted_ratio),
    )
