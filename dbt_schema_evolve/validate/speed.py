"""Paired times -> how much faster or slower, and how sure that is."""

from math import comb
from statistics import median

from dbt_schema_evolve.records.trials import PairedTimes, SpeedComparison

CONFIDENCE = 0.95
MIN_PAIRS = 6  # the fewest for which two order statistics enclose the median 95 times in 100


def compare(times: PairedTimes) -> SpeedComparison:
    """Compare the two targets by the ratio within each pair.

    Both members of a pair ran next to each other, so a busy moment of the machine slows both
    and cancels in their ratio. The interval is the distribution-free one of the median between
    order statistics (Conover, Practical Nonparametric Statistics, 1999, section 3.2): it assumes
    nothing about the shape of the noise and needs no random numbers.
    """
    ratios = sorted(
        max(patched, 1) / max(baseline, 1)
        for baseline, patched in zip(times.baseline_us, times.patched_us, strict=True)
    )
    low, high = _median_interval(ratios)
    return SpeedComparison(
        fingerprint=times.fingerprint,
        calls=times.calls,
        measured_baseline_us=median(times.baseline_us),
        measured_patched_us=median(times.patched_us),
        measured_ratio=median(ratios),
        ratio_low=low,
        ratio_high=high,
    )


def _median_interval(ordered: list[float]) -> tuple[float, float]:
    """Return the order statistics that enclose the median with at least CONFIDENCE.

    With fewer than MIN_PAIRS values no pair of them does; then the interval says nothing.
    """
    n = len(ordered)
    if n < MIN_PAIRS:
        return 0.0, float("inf")
    rank, outside = 0, 2 * 0.5**n
    while True:
        wider = outside + 2 * comb(n, rank + 1) * 0.5**n
        if wider > 1 - CONFIDENCE:
            return ordered[rank], ordered[n - 1 - rank]
        rank, outside = rank + 1, wider
