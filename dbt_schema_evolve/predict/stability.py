"""Whether the subjects of today look like those that a predictor learned from.

The population stability index compares two histograms of one number: the sum over its bins of
(q - p) * log(q / p). Below 0.1 nothing has moved, above 0.25 it is another population (Siddiqi,
"Credit Risk Scorecards", Wiley 2006, chapter 9). Chance alone makes an index of (bins - 1) *
(1/n + 1/m) between two samples of n and m (Yurdakul, "Statistical Properties of Population
Stability Index", Western Michigan University 2018), so that much is taken off: without it every
small warehouse would be another population.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log

from dbt_schema_evolve.records.forecasts import FeatureVector

MOVED, OTHER = 0.1, 0.25
_BINS = 10  # as the thresholds were made for
_FEWEST = 30  # subjects: with fewer the index is chance, whatever is taken off


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """How one feature was spread over its bins in training; the last bin is `not known`."""

    feature: str
    edges: tuple[float, ...]  # between the bins; a value on an edge belongs above it
    counts: tuple[int, ...]  # one more than there are bins between edges


@dataclass(frozen=True, slots=True)
class Stability:
    """How far today's subjects are from those in training."""

    index: float  # mean over the features
    subjects: int
    moved: tuple[tuple[str, float], ...]  # the features above 0.1, the farthest first

    @property
    def is_another_population(self) -> bool:
        """Whether a predictor should no longer be believed."""
        return self.subjects >= _FEWEST and self.index > OTHER


def feature_bins(vectors: Sequence[FeatureVector]) -> tuple[FeatureBins, ...]:
    """Return the bins of each feature that any vector knows, cut at its tenths."""
    values = [dict(vector.values) for vector in vectors]
    found = []
    for name in sorted({name for each in values for name in each}):
        known = sorted(v for each in values if isfinite(v := each.get(name, float("nan"))))
        if not known:
            continue
        cuts = (known[len(known) * n // _BINS] for n in range(1, _BINS))
        edges = tuple(sorted({cut for cut in cuts if cut > known[0]}))
        found.append(FeatureBins(name, edges, _counts(edges, (e.get(name) for e in values))))
    return tuple(found)


def stability(bins: Iterable[FeatureBins], vectors: Sequence[FeatureVector]) -> Stability:
    """Compare today's vectors with the bins of training."""
    values = [dict(vector.values) for vector in vectors]
    indexes = {each.feature: _index(each, values) for each in bins}
    moved = [(name, index) for name, index in indexes.items() if index > MOVED]
    return Stability(
        sum(indexes.values()) / len(indexes) if indexes else 0.0,
        len(vectors),
        tuple(sorted(moved, key=lambda item: (-item[1], item[0]))),
    )


def _index(bins: FeatureBins, values: Sequence[Mapping[str, float]]) -> float:
    before, now = bins.counts, _counts(bins.edges, (each.get(bins.feature) for each in values))
    total = 0.0
    for p, q in zip(_shares(before), _shares(now), strict=True):
        total += (q - p) * log(q / p)
    used = sum(1 for one, other in zip(before, now, strict=True) if one or other)
    chance = (used - 1) * (1 / max(sum(before), 1) + 1 / max(sum(now), 1))
    return max(total - chance, 0.0)


def _counts(edges: Sequence[float], values: Iterable[float | None]) -> tuple[int, ...]:
    counts = [0] * (len(edges) + 2)
    for value in values:
        known = value is not None and isfinite(value)
        counts[bisect_right(edges, value) if known and value is not None else -1] += 1
    return tuple(counts)


def _shares(counts: Sequence[int]) -> list[float]:
    """Return shares of which none is zero: half a subject more in each bin."""
    total = sum(counts) + len(counts) / 2
    return [(count + 0.5) / total for count in counts]
