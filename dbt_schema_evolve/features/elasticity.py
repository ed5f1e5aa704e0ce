"""How a query's time follows the rows of what it reads.

Time alone says little: two weeks of growth are 1.4x, and calls scatter by a quarter. The blocks a
call reads are counted, not timed, so they are fitted first, and what they say is what the times
are expected to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log

import numpy as np

from dbt_schema_evolve.features.bayes import Belief, fit, stacked
from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.subjects import Subject
from dbt_schema_evolve.features.timeline import Floats
from dbt_schema_evolve.records.forecasts import Driver, Elasticity, RelationGrowth
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
_MAX_POINTS = 90  # the newest windows
_MOST = 6  # candidates, the largest, because work goes with rows
_BATCH = 256  # lines that are fitted at once: their arrays stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """A subject whose driver is looked for."""

    subject: Subject
    count: int  # of its observations that are known at the cut-off
    relations: Iterable[RelationName]  # that it reads
    before: Belief


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """How one candidate's rows go with a subject's time and blocks."""

    search: Search
    growth: RelationGrowth
    relation: RelationName
    xs: Floats
    log_us: Floats
    log_blocks: Floats
    weights: Floats


def drivers(searches: Iterable[Search], rows: KnownRows) -> Mapping[str, Driver]:
    """Return by subject the relation that explains it best, with its elasticity.

    Each candidate's fit is weighed against how many rows it has: work goes with rows, so a
    relation with a hundredth of the rows has to explain the times e^4.6 times better. A subject
    that could not be timed, or of whose relations no growth is known, is left out.
    """
    lines = (line for search in searches for line in _lines(search, rows))
    best: dict[str, tuple[float, Search, RelationName, RelationGrowth, Elasticity]] = {}
    while batch := tuple(islice(lines, _BATCH)):
        for line, (elasticity, log_evidence) in zip(batch, _fitted(batch), strict=True):
            score = log_evidence + log(max(line.growth.rows, 1))
            name = line.search.subject.name
            if name not in best or score > best[name][0]:
                best[name] = score, line.search, line.relation, line.growth, elasticity
    return {
        name: _driver(search, relation, growth, elasticity, rows)
        for name, (_, search, relation, growth, elasticity) in best.items()
    }


def _driver(
    search: Search,
    relation: RelationName,
    growth: RelationGrowth,
    elasticity: Elasticity,
    rows: KnownRows,
) -> Driver:
    seen = rows.on_grid(relation, search.subject.days, search.count)
    return Driver(relation, growth, elasticity, seen)


def _lines(search: Search, rows: KnownRows) -> Sequence[_Line]:
    subject = search.subject
    timed = np.flatnonzero(np.isfinite(subject.log_us[: search.count]))[-_MAX_POINTS:]
    grown = [(each, rows.growth(each)) for each in set(search.relations)]
    candidates = sorted(
        ((growth, relation) for relation, growth in grown if growth is not None),
        key=lambda found: (-found[0].rows, found[1]),
    )
    if not len(timed) or not candidates:
        return ()
    days, calls, log_us = subject.days[timed], subject.calls[timed], subject.log_us[timed]
    log_blocks, weights = subject.log_blocks[timed], calls / (calls + _CALLS_HALFWAY)
    return [
        _Line(
            search, growth, relation,
            np.log(np.maximum(rows.at(relation, days), 1.0)),
            log_us,
            log_blocks,
            weights,
        )
        for growth, relation in candidates[:_MOST]
    ]  # fmt: skip


def _fitted(lines: Sequence[_Line]) -> Sequence[tuple[Elasticity, float]]:
    width = max(len(line.xs) for line in lines)
    xs = stacked([line.xs for line in lines], width)
    weights = stacked([line.weights for line in lines], width)
    mean = np.array([line.search.before.mean for line in lines])
    stderr = np.array([line.search.before.stderr for line in lines])
    log_evidence = np.zeros(len(lines))
    # NaN and log(1 + 0) are no blocks: nobody counted.
    counted = np.flatnonzero([bool((line.log_blocks > 0).all()) for line in lines])
    if len(counted):
        blocks = stacked([lines[int(index)].log_blocks for index in counted], width)
        work = fit(
            xs[counted], blocks, weights[counted], mean[counted], stderr[counted], _BLOCK_NOISE
        )
        mean[counted] = work.mean
        stderr[counted] = np.hypot(work.stderr, _TIME_FROM_BLOCKS)
        log_evidence[counted] = work.log_evidence
    log_us = stacked([line.log_us for line in lines], width)
    times = fit(xs, log_us, weights, mean, stderr, _TIME_NOISE)
    log_evidence += times.log_evidence
    return [
        (
            Elasticity(
                line.search.subject.name, line.growth.relation_id,
                float(times.mean[n]), float(times.stderr[n]), float(times.noise[n]), len(line.xs),
            ),
            float(log_evidence[n]),
        )
        for n, line in enumerate(lines)
    ]  # fmt: skip
