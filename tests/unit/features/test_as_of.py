"""Nothing after the cut-off is ever read, and the order of facts does not matter."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.lineage import Consumer, LineageQuery
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange
from tests.fakes.forecasting import day
from tests.fakes.marts import FCT, MART, ON_DAILY, ON_WEEKLY, marts

T = TypeVar("T")

chances = st.integers(0, 2**32).map(Random)  # of many draws: Hypothesis need not see each

_DAILY = marts(lambda n: 50_000 * (1.03**n if n < 25 else 4.0))
# Catalogs were looked at every third day, so that rows in between are interpolated.
WORLD = replace(
    _DAILY, relations=tuple(p for p in _DAILY.relations if (p.captured_at - day(0)).days % 3 == 0)
)
CUTOFFS = (day(0.125), day(9.5), day(20.125), day(33))  # two of them at the instant of a capture
TRUTH = {cutoff: Cases(WORLD).at(cutoff) for cutoff in CUTOFFS}


@pytest.mark.parametrize("cutoff", CUTOFFS)
@settings(max_examples=25, deadline=None)
@given(rng=chances)
def test_everything_after_the_cutoff_may_be_replaced_reordered_or_removed(
    cutoff: datetime, rng: Random
) -> None:
    assert Cases(scrambled(WORLD, cutoff, rng)).at(cutoff) == TRUTH[cutoff]


@settings(max_examples=15, deadline=None)
@given(rng=chances)
def test_the_order_of_facts_does_not_matter(rng: Random) -> None:
    assert Cases(shuffled(WORLD, rng)).at(CUTOFFS[-1]) == TRUTH[CUTOFFS[-1]]


@settings(max_examples=15, deadline=None)
@given(rng=chances)
def test_facts_that_were_read_twice_count_once(rng: Random) -> None:
    twice = replace(
        WORLD,
        stats=WORLD.stats * 2, runs=WORLD.runs * 2, relations=WORLD.relations * 2,
        columns=WORLD.columns * 2, outlooks=WORLD.outlooks * 2,
    )  # fmt: skip
    assert Cases(shuffled(twice, rng)).at(CUTOFFS[-1]) == TRUTH[CUTOFFS[-1]]


def test_cutoffs_may_be_asked_in_any_order() -> None:
    cases = Cases(WORLD)
    assert [cases.at(cutoff) for cutoff in CUTOFFS[::-1]] == [TRUTH[c] for c in CUTOFFS[::-1]]


def shuffled(facts: Facts, rng: Random) -> Facts:
    def mixed(items: Sequence[T]) -> tuple[T, ...]:
        return tuple(rng.sample(items, len(items)))

    return replace(
        facts,
        stats=mixed(facts.stats), runs=mixed(facts.runs), relations=mixed(facts.relations),
        columns=mixed(facts.columns), outlooks=mixed(facts.outlooks),
        flow=FlowHistory(mixed(facts.flow.states), mixed(facts.flow.consumers)),
        graph=replace(
            facts.graph,
            nodes=mixed(facts.graph.nodes), relation_edges=mixed(facts.graph.relation_edges),
            consumers=mixed(facts.graph.consumers), queries=mixed(facts.graph.queries),
        ),
    )  # fmt: skip


def scrambled(facts: Facts, cutoff: datetime, rng: Random) -> Facts:
    def rewritten(items: Sequence[T], at: Callable[[T], datetime | None], name: str) -> list[T]:
        """Keep what was known; of the rest drop some, and put strange numbers into some."""
        kept = [item for item in items if (seen := at(item)) is None or seen <= cutoff]
        later = [item for item in items if item not in kept]
        for item in rng.sample(items, min(len(items), 8)):
            after = cutoff + timedelta(seconds=1 + rng.expovariate(1e-5))
            later.append(replace(cast("Any", item), **{name: after}))
        return kept + [_strange(item, rng) for item in later if rng.random() < 0.7]

    flow = FlowHistory(
        tuple(rewritten(facts.flow.states, lambda s: s.at, "at")),
        tuple(rewritten(facts.flow.consumers, lambda c: c.first_seen, "first_seen")),
    )
    graph = replace(
        facts.graph,
        consumers=tuple(
            _busier(each, rng)
            for each in rewritten(facts.graph.consumers, lambda c: c.first_seen, "first_seen")
        ),
        queries=tuple(
            _busier(each, rng)
            for each in rewritten(facts.graph.queries, lambda q: q.first_seen, "first_seen")
        ),
    )
    return shuffled(
        replace(
            facts,
            stats=tuple(rewritten(facts.stats, lambda s: s.window_end, "window_end")),
            runs=tuple(rewritten(facts.runs, lambda r: r.captured_at, "captured_at")),
            relations=tuple(rewritten(facts.relations, lambda r: r.captured_at, "captured_at")),
            columns=tuple(rewritten(facts.columns, lambda c: c.captured_at, "captured_at")),
            outlooks=tuple(rewritten(facts.outlooks, lambda o: o.made_at, "made_at")),
            flow=flow,
            graph=graph,
        ),
        rng,
    )


_NAMES = ("subject", "fingerprint", "unique_id")


def _strange(item: Any, rng: Random) -> Any:
    """Change each number of a fact, and now and then whom it is about."""
    changed: dict[str, Any] = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in _NAMES and rng.random() < 0.3:
            changed[field.name] = rng.choice([ON_DAILY, ON_WEEKLY, FCT, MART, "model.shop.new"])
        elif field.name == "materialized":
            changed[field.name] = rng.choice(["table", "incremental"])
        elif isinstance(value, int | float) and not isinstance(value, bool):
            wild = [0, -1, 2**62, value * 7, float("nan")]
            changed[field.name] = rng.choice(wild) if rng.random() < 0.5 else value
    if isinstance(item, DatedChanges):
        edge = LineageChange(MART, Aspect.RELATION_EDGE, None, "", "", rng.choice([FCT, MART]))
        code = LineageChange(rng.choice([FCT, MART]), Aspect.CODE, "a", "b")
        return DatedChanges(item.at, (edge, code))
    return replace(item, **changed)


def _busier(item: T, rng: Random) -> T:
    """What has been counted of it since is not known either."""
    assert isinstance(item, Consumer | LineageQuery)
    return replace(item, calls=rng.randrange(10**9), total_us=rng.randrange(10**12), last_seen=None)
