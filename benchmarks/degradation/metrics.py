"""Figures from scores: what they are is in each function, how sure they are in `between`."""

from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

from benchmarks.degradation.watch import Flags, Floats, Ints, Rows, Tally, false_alarm_count
from dbt_schema_evolve.predict.labels import NEXT_RUNS

RESAMPLES = 300
_TAILS = (2.5, 97.5)  # percent: a 95 % interval


def average_precision(degraded: Flags, scores: Floats, weights: Floats | None = None) -> float:
    """Return the area under precision over recall, as steps; equal scores are one step.

    What a constant score reaches is the base rate.
    """
    weight = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    last_of_equal = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    hits = np.cumsum((degraded * weight)[order])[last_of_equal]
    called = np.cumsum(weight[order])[last_of_equal]
    if not len(hits) or hits[-1] == 0:
        return float("nan")
    precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
    return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])


def threshold(rows: Rows, scores: Floats, per_hundred_weeks: float) -> float:
    """Return the lowest score to stay at or below which keeps false alarms that rare.

    Thresholds are tried from the top, each time one more harmless cut-off lower; the first that
    rings too often ends the search, as what comes after rings more often but for chance.
    """
    allowed = per_hundred_weeks * len(rows) / NEXT_RUNS / 100
    chosen = float("inf")
    for level in np.unique(scores[~rows.degraded])[::-1]:
        if false_alarm_count(rows, scores > level) > allowed:
            break
        chosen = float(level)
    return chosen


def recall(tallies: Mapping[int, Tally], weights: Mapping[int, float] | None = None) -> float:
    """Return the share of degradations that were caught."""
    return _share(tallies, weights, lambda t: (t.caught, t.degradations))


def row_recall(tallies: Mapping[int, Tally], weights: Mapping[int, float] | None = None) -> float:
    """Return the share of degraded cut-offs that were above the threshold."""
    return _share(tallies, weights, lambda t: (t.alerted_rows, t.degraded_rows))


def false_alarm_rate(
    tallies: Mapping[int, Tally], weights: Mapping[int, float] | None = None
) -> float:
    """Return false alarms per hundred query-weeks."""
    return 100 * _share(tallies, weights, lambda t: (t.false_alarms, t.rows / NEXT_RUNS))


def median_lead(tallies: Mapping[int, Tally]) -> float:
    """Return how many runs ahead the median of what was caught was called."""
    leads = [lead for each in tallies.values() for lead in each.leads]
    return float(median(leads)) if leads else float("nan")


def _share(
    tallies: Mapping[int, Tally],
    weights: Mapping[int, float] | None,
    parts: Callable[[Tally], tuple[float, float]],
) -> float:
    upper = lower = 0.0
    for project, each in tallies.items():
        weight = 1.0 if weights is None else weights.get(project, 0.0)
        some, all_of_them = parts(each)
        upper, lower = upper + weight * some, lower + weight * all_of_them
    return upper / lower if lower else float("nan")


def between(
    projects: Ints, statistic: Callable[[Mapping[int, float]], float], seed: int = 1
) -> tuple[float, float]:
    """Return the 95 % interval of a figure, by drawing whole projects with replacement.

    Days of a query and queries of a project go up and down together: only projects are
    independent. `statistic` is told how often each project was drawn.
    """
    names = np.unique(projects)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        drawn, counts = np.unique(rng.choice(names, len(names)), return_counts=True)
        weights = dict(zip(drawn.tolist(), counts.astype(float).tolist(), strict=True))
        found.append(statistic(weights))
    low, high = np.nanpercentile(found, _TAILS)
    return float(low), float(high)


def spread(projects: Ints, weights: Mapping[int, float]) -> Floats:
    """Return the weight of each row, given those of projects."""
    lookup = np.zeros(int(projects.max()) + 1)
    for project, weight in weights.items():
        lookup[project] = weight
    return lookup[projects]
