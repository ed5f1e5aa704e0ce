"""Whether the subjects of today look like those that a predictor learned from.

The population stability index compares two histograms of one number: the sum over its bins of
(q - p) * log(q / p). Below 0.1 nothing has moved, above 0.25 it is another population (Siddiqi,
"Credit Risk Scorecards", Wiley 2006, chapter 9). Two corrections make that fit here:

* Chance alone makes an index of (bins - 1) * (1/n + 1/m) between two samples of n and m (Yurdakul,
  "Statistical Properties of Population Stability Index", Western Michigan University 2018). So much
  is taken off: without it every small warehouse would be another population.
* One day of one warehouse is never as mixed as all that was learned from. How far single days and
  warehouses of the training were from its whole is the yardstick, where that is above 0.25. Those
  are small, and an empty bin of ten thousand subjects would count as far more than one of theirs.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log

from dbt_schema_evolve.records.forecasts import FeatureVector

MOVED, OTHER = 0.1, 0.25
_BINS = 10  # as the thresholds were made for
_FEWEST = 30  # subjects: with fewer the index is chance, whatever is taken off
_USUAL = 0.95  # of the training's own groups are as near to its whole as `usual`, or nearer


@dataclass(frozen=True, slots=True)
class FeatureBins:
    """How one feature was spread over its bins in training; the last bin is `not known`."""

    feature: str
    edges: tuple[float, ...]  # between the bins; a value on an edge belongs above it
    counts: tuple[int, ...]  # one more than there are bins between edges


@dataclass(frozen=True, slots=True)
class Population:
    """What subjects were like in training."""

    bins: tuple[FeatureBins, ...]
    usual: float  # index of a day of one warehouse against all of the training

    @property
    def limit(self) -> float:
        """The index above which today's subjects are of another population."""
        return max(OTHER, self.usual)


@dataclass(frozen=True, slots=True)
class Stability:
    """How far today's subjects are from those in training."""

    index: float  # mean over the features
    moved: tuple[tuple[str, float], ...]  # the features above 0.1, the farthest first
    is_another_population: bool


Columns = Mapping[str, Sequence[float]]
"""The values of each feature, as far as they are known."""


def population(groups: Iterable[Sequence[FeatureVector]]) -> Population:
    """Return what subjects were like; each group is one warehouse at one cut-off."""
    held = [(_columns(group), len(group)) for group in groups if group]
    whole: dict[str, list[float]] = defaultdict(list)
    for columns, _ in held:
        for name, values in columns.items():
            whole[name] += values
    total = sum(count for _, count in held)
    bins = tuple(_bins(name, sorted(whole[name]), total) for name in sorted(whole))
    indexes = sorted(_mean(_indexes(bins, *group)) for group in held)
    return Population(bins, indexes[int(_USUAL * (len(indexes) - 1))] if indexes else 0.0)


def stability(known: Population, vectors: Sequence[FeatureVector]) -> Stability:
    """Compare today's vectors with those of the training."""
    indexes = _indexes(known.bins, _columns(vectors), len(vectors))
    moved = [(name, index) for name, index in indexes.items() if index > MOVED]
    index = _mean(indexes)
    return Stability(
        index,
        tuple(sorted(moved, key=lambda item: (-item[1], item[0]))),
        len(vectors) >= _FEWEST and index > known.limit,
    )


def _columns(vectors: Iterable[FeatureVector]) -> Columns:
    columns: dict[str, list[float]] = defaultdict(list)
    for vector in vectors:
        for name, value in vector.values:
            if isfinite(value):
                columns[name].append(value)
    return columns


def _bins(name: str, values: Sequence[float], total: int) -> FeatureBins:
    """Return bins that are cut at the tenths."""
    cuts = (values[len(values) * n // _BINS] for n in range(1, _BINS))
    edges = tuple(sorted({cut for cut in cuts if cut > values[0]}))
    return FeatureBins(name, edges, _counts(edges, values, total))


def _indexes(bins: Iterable[FeatureBins], columns: Columns, total: int) -> Mapping[str, float]:
    return {
        each.feature: _index(each.counts, _counts(each.edges, columns.get(each.feature, ()), total))
        for each in bins
    }


def _index(before: Sequence[int], now: Sequence[int]) -> float:
    pairs = zip(_shares(before), _shares(now, most=_FEWEST), strict=True)
    total = sum((q - p) * log(q / p) for p, q in pairs)
    used = sum(1 for one, other in zip(before, now, strict=True) if one or other)
    chance = (used - 1) * (1 / max(sum(before), 1) + 1 / max(sum(now), 1))
    return max(total - chance, 0.0)


def _counts(edges: Sequence[float], values: Sequence[float], total: int) -> tuple[int, ...]:
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return (*counts, total - len(values))


def _shares(counts: Sequence[int], most: float = inf) -> list[float]:
    """Return shares of which none is zero: half a subject more in each bin.

    So that an empty bin weighs as much in a large warehouse as in the small ones which are the
    yardstick, its subjects count as `most` at the most.
    """
    weight = min(most / max(sum(counts), 1), 1.0)
    total = weight * sum(counts) + len(counts) / 2
    return [(weight * count + 0.5) / total for count in counts]


def _mean(indexes: Mapping[str, float]) -> float:
    return sum(indexes.values()) / len(indexes) if indexes else 0.0
