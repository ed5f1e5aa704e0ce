"""How the rows of a relation follow the rows of those that it is made from."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dbt_schema_evolve.features.bayes import Belief, fit, stacked
from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.stored_graph import Step, StoredEdge
from dbt_schema_evolve.features.timeline import Floats
from dbt_schema_evolve.records.relations import RelationName

BEFORE: Mapping[Step, Belief] = {
    Step.ROWS: Belief(1.0, 0.3),
    Step.GROUPED: Belief(0.5, 0.5),  # by day it follows, by country it does not
    Step.SINGLE: Belief(0.0, 0.1),
}
"""Percent more rows for one percent more rows above: judgements, which histories correct."""

_NOISE = 0.02  # of log(rows): ANALYZE counts from a sample of 30,000 rows
_MOST = 1.5  # a join that fans out grows faster than its parents, but hardly by more for long
_MIN_POINTS = 4
_MAX_DAYS = 60.0


class _Pair(NamedTuple):
    """A child's rows beside those that its parent had when the child was last built."""

    edge: StoredEdge
    parent: Floats
    child: Floats


def elasticities(
    edges: Sequence[StoredEdge],
    relations: Mapping[str, RelationName],
    rows: KnownRows,
    builds: Mapping[str, Floats],
    cutoff: float,
) -> Mapping[StoredEdge, float]:
    """Return percent more rows of each edge's target for one percent more rows of its source.

    `relations` are by node id, and so are `builds`, instants of successful ones: without them
    nobody knows which rows of its parent a child holds, and what is believed beforehand stands. Of
    several parents one is expected to be followed as far as it holds their rows: of a union's parts
    that is right, and of a join's it tells facts from dimensions.
    """
    shares = _shares(edges, relations, rows)
    pairs = [
        pair
        for edge in edges
        if (pair := _pair(edge, relations, rows, builds.get(edge.target), cutoff)) is not None
    ]
    found = {edge: BEFORE[edge.step].mean * shares[edge] for edge in edges}
    if pairs:
        width = max(len(pair.parent) for pair in pairs)
        fits = fit(
            stacked([pair.parent for pair in pairs], width),
            stacked([pair.child for pair in pairs], width),
            stacked([np.ones(len(pair.parent)) for pair in pairs], width),
            np.array([found[pair.edge] for pair in pairs]),
            np.array([BEFORE[pair.edge.step].stderr for pair in pairs]),
            _NOISE,
        )
        found |= {pair.edge: float(e) for pair, e in zip(pairs, fits.mean, strict=True)}
    return {edge: min(max(e, 0.0), _MOST) for edge, e in found.items()}


def _shares(
    edges: Sequence[StoredEdge], relations: Mapping[str, RelationName], rows: KnownRows
) -> Mapping[StoredEdge, float]:
    counts = {
        edge: max(rows.now(relations[edge.source]), 1.0) if edge.source in relations else 1.0
        for edge in edges
    }
    totals: dict[str, float] = {}
    for edge in edges:
        totals[edge.target] = totals.get(edge.target, 0.0) + counts[edge]
    return {edge: counts[edge] / totals[edge.target] for edge in edges}


def _pair(
    edge: StoredEdge,
    relations: Mapping[str, RelationName],
    rows: KnownRows,
    builds: Floats | None,
    cutoff: float,
) -> _Pair | None:
    if builds is None or edge.source not in relations or edge.target not in relations:
        return None
    parent, child = rows.sizes(relations[edge.source]), rows.sizes(relations[edge.target])
    if parent is None or child is None:
        return None
    sizes, count = child
    since = max(cutoff - _MAX_DAYS, float(parent[0].days[0]))
    days = sizes.days[int(sizes.days.searchsorted(since)) : count]
    counted = sizes.rows[count - len(days) : count]
    built = builds.searchsorted(days, "right") - 1
    counted, built = counted[built >= 0], built[built >= 0]
    if len(built) < _MIN_POINTS:
        return None
    above = np.log(np.maximum(rows.at(relations[edge.source], builds[built]), 1.0))
    return _Pair(edge, above, np.log(np.maximum(counted, 1.0)))
