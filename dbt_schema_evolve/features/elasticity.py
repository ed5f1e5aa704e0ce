"""How a query's time follows the rows of what it reads.

Time alone says little: two weeks of growth are 1.4x, and calls scatter by a quarter. The blocks a
call reads are counted, not timed, so they are fitted first, and what they say is what the times
are expected to say.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from math import exp, hypot, isfinite, log

from dbt_schema_evolve.features.bayes import Belief, Fit, fit
from dbt_schema_evolve.features.growth import relation_id
from dbt_schema_evolve.features.rows import RowSeries
from dbt_schema_evolve.records.forecasts import Driver, Elasticity, Observation, RelationGrowth
from dbt_schema_evolve.records.relations import RelationName

QUERY_PRIOR = Belief(0.8, 0.55)
"""Measured on Postgres from 40 k to 2 M rows: indexed lookup 0, scan and hash join 1.0 to 1.13,
sort 1.2. This is their mean and standard deviation."""

INCREMENTAL_PRIOR = Belief(0.5, 0.5)
"""An incremental build writes a day's rows but often reads all of them: a judgement."""

# How far the exponent of time lies from that of blocks: 0.0 to 0.2 for the shapes above, 0.63
# for a skewed self-join (1.63 against 1.0).
_TIME_FROM_BLOCKS = 0.25
_TIME_NOISE = 0.25  # of log(mean time): the scatter of a shared machine, before the data says
_BLOCK_NOISE = 0.05  # of log(blocks): caches do not change it, literals do
# A window's mean of n calls counts n / (n + 5): what differs between windows (caches, neighbours)
# does not average out over calls. A judgement: one call counts a sixth of many.
_CALLS_HALFWAY = 5.0
_MAX_POINTS = 90


class RowClock:
    """Row counts of relations at any instant up to the cut-off, interpolated between captures."""

    def __init__(self, row_series: Mapping[RelationName, RowSeries], cutoff: datetime) -> None:
        """Take sorted series."""
        self._series = {
            relation: [(at, rows) for at, rows in series if at <= cutoff]
            for relation, series in row_series.items()
        }
        self.log_rows = cache(self._log_rows)

    def _log_rows(self, relation: RelationName, at: datetime) -> float:
        series = self._series[relation]
        index = bisect_left(series, (at, -1))
        if index == len(series):
            return log(max(series[-1][1], 1))
        if index == 0 or series[index][0] == at:
            return log(max(series[index][1], 1))
        (before, low), (after, high) = series[index - 1], series[index]
        share = (at - before) / (after - before)
        return log(max(low + share * (high - low), 1))


def driver(
    subject: str,
    observations: Sequence[Observation],
    relations: Sequence[RelationName],
    growths: Mapping[RelationName, RelationGrowth],
    clock: RowClock,
    ids: Mapping[RelationName, str],
    before: Belief = QUERY_PRIOR,
) -> Driver | None:
    """Return the relation that explains a subject best, with its elasticity.

    Each candidate's fit is weighed against how many rows it has: work goes with rows, so a
    relation with a hundredth of the rows has to explain the times e^4.6 times better. None where no
    relation's growth is known, or nothing could be timed.
    """
    timed = [o for o in observations if isfinite(o.mean_us) and o.mean_us > 0 and o.calls > 0]
    timed = timed[-_MAX_POINTS:]
    candidates = [relation for relation in sorted(set(relations)) if relation in growths]
    if not timed or not candidates:
        return None
    fits = {relation: _fit(timed, relation, clock, before) for relation in candidates}

    def score(relation: RelationName) -> float:
        return fits[relation][1] + log(max(growths[relation].rows, 1))

    relation = max(candidates, key=score)
    found, _ = fits[relation]
    return Driver(
        relation=relation,
        growth=growths[relation],
        elasticity=Elasticity(
            subject=subject,
            driver_id=relation_id(relation, ids),
            exponent=found.slope.mean,
            stderr=found.slope.stderr,
            residual_ratio=found.noise,
            points=len(timed),
        ),
        rows=tuple(exp(clock.log_rows(relation, o.at)) for o in observations),
    )


def _fit(
    timed: Sequence[Observation], relation: RelationName, clock: RowClock, before: Belief
) -> tuple[Fit, float]:
    xs = [clock.log_rows(relation, o.at) for o in timed]
    weights = [o.calls / (o.calls + _CALLS_HALFWAY) for o in timed]
    log_evidence = 0.0
    blocks = [
        log(o.blocks_per_call)
        for o in timed
        if o.blocks_per_call is not None and isfinite(o.blocks_per_call) and o.blocks_per_call > 0
    ]
    if len(blocks) == len(timed):
        work = fit(xs, blocks, weights, before, _BLOCK_NOISE)
        before = Belief(work.slope.mean, hypot(work.slope.stderr, _TIME_FROM_BLOCKS))
        log_evidence += work.log_evidence
    times = fit(xs, [log(o.mean_us) for o in timed], weights, before, _TIME_NOISE)
    return times, log_evidence + times.log_evidence
