"""How good forecasts were, once it is known what came."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import log
from statistics import fmean

from dbt_schema_evolve.records.forecasts import Forecast


def average_precision(scored: Iterable[tuple[float, bool]]) -> float | None:
    """Return the area under the curve of precision over recall; None where nothing came true.

    Scores that are equal are one step: an order among them would be made up.
    """
    ordered = sorted(scored, key=lambda item: -item[0])
    positives = sum(hit for _, hit in ordered)
    if not positives:
        return None
    area = seen = hits = 0.0
    for _, tied in groupby(ordered, key=lambda item: item[0]):
        held = [hit for _, hit in tied]
        seen += len(held)
        hits += sum(held)
        area += sum(held) / positives * hits / seen
    return area


def brier(said: Iterable[tuple[float, bool]]) -> float | None:
    """Return the mean squared distance of probabilities from what came."""
    found = [(probability - came) ** 2 for probability, came in said]
    return fmean(found) if found else None


def pinball(quantiles: Sequence[tuple[float, float]], came: float) -> float:
    """Return the loss of a forecast given as (share below, value), the mean over them.

    Koenker and Bassett, "Regression Quantiles", Econometrica 46 (1978): a value that should have a
    share q of the outcomes below it costs q for each unit that the outcome is above, and 1 - q for
    each that it is below. The true quantiles cost least.
    """
    return fmean(
        (share if came >= value else share - 1) * (came - value) for share, value in quantiles
    )


def log_quantiles(said: Forecast) -> tuple[tuple[float, float], ...]:
    """Return a forecast as (share below, log of the time over today's), the lowest first."""
    outside = (1 - said.coverage) / 2
    return (
        (outside, log(said.predicted_low_us / said.measured_us)),
        (0.5, log(said.predicted_us / said.measured_us)),
        (1 - outside, log(said.predicted_high_us / said.measured_us)),
    )
