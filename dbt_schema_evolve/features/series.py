"""Numbers of one series of points: its level, where it goes, how it scatters, its rhythm."""

from collections.abc import Mapping

import numpy as np

from dbt_schema_evolve.features.lines import middle, theil_sen
from dbt_schema_evolve.features.timeline import Floats

RECENT = 7  # points that make today's level: a week of daily ones
_LEAST_DAYS = 0.5  # between the first point and the last, before a slope a day is told
_PEAK = 30  # points among which the highest is looked for: a month of daily ones
_WEEKS = 2.0  # at least, before days of the week are compared
_DEGRADED = float(np.log(1.5))  # what a run has to be above its level to count: predict/labels.py


def series_features(name: str, days: Floats, values: Floats) -> Mapping[str, float]:
    """Describe a series that has a point; days are since 1970, values logarithms, all finite.

    One point is a level and says nothing of where it goes, nor do several within hours.
    """
    if days[-1] - days[0] < _LEAST_DAYS:
        return {f"{name}_level": _level(values)}
    slope, _ = theil_sen(days, values)
    short, _ = theil_sen(days[-RECENT:], values[-RECENT:])
    level = _level(values)
    rest = values - slope * (days - days[-1])
    scatter = np.abs(rest - middle(np.sort(rest)))
    return {
        f"{name}_level": level,
        f"{name}_slope_per_day": slope,
        f"{name}_short_slope_per_day": short,
        f"{name}_volatility": middle(np.sort(scatter)),
        f"{name}_last_over_level": float(values[-1]) - level,
    }


def rhythm_features(name: str, days: Floats, values: Floats) -> Mapping[str, float]:
    """Describe what comes back: peaks, days of the week, runs that were slow before."""
    if days[-1] - days[0] < _LEAST_DAYS:
        return {}
    found = {f"{name}_peak_over_level": float(values[-_PEAK:].max() - _level(values))}
    if days[-1] - days[0] >= _WEEKS * 7 and len(days) >= _WEEKS * 7:
        slope, _ = theil_sen(days, values)
        found[f"{name}_week_rhythm"] = week_rhythm(days, values - slope * (days - days[-1]))
    if len(values) > RECENT:
        found[f"{name}_degraded_share"] = degraded_share(values)
    return found


def _level(values: Floats) -> float:
    return middle(np.sort(values[-RECENT:]))


def week_rhythm(days: Floats, values: Floats) -> float:
    """Return the share of the variance that the day of the week explains, chance taken off."""
    weekday = np.floor(days).astype(np.int64) % 7
    counts = np.bincount(weekday, minlength=7)
    total = float(((values - values.mean()) ** 2).sum())
    groups = int((counts > 0).sum())
    if groups < 2 or len(values) <= groups or total <= 1e-12:
        return 0.0
    means = np.bincount(weekday, values, minlength=7) / np.maximum(counts, 1)
    within = float(((values - means[weekday]) ** 2).sum())
    # The adjusted R^2: seven means of noise alone explain a part of it.
    share = 1 - (within / (len(values) - groups)) / (total / (len(values) - 1))
    return max(share, 0.0)


def degraded_share(values: Floats) -> float:
    """Return how often a run took half as long again as the median of the seven before it."""
    before = values[np.arange(len(values) - RECENT)[:, None] + np.arange(RECENT)]
    levels = np.sort(before, axis=1)[:, RECENT // 2]
    return float((values[RECENT:] >= levels + _DEGRADED).mean())
