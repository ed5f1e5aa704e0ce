"""What the planner will say of each query at the sizes that its relations are expected to have."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.features.pace import Pace, pace
from dbt_schema_evolve.features.sizes import Sizes
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.predict.plan_flips import plan_flips
from dbt_schema_evolve.predict.plan_memory import WorkMemory, fill_ratio
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate, Unpriced
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.workload import asked_queries, model_queries, stored_nodes

HORIZONS = (7.0, 14.0, 30.0)  # days

Ratios = Mapping[RelationName, float]
"""How many times its rows of today a relation has."""
TwinAt = Callable[[Ratios, float], AbstractContextManager[CostOracle]]
"""Prices at today's sizes times these ratios, so many days ahead, within a `with` block."""

_SAME = 0.01  # of the rows: a ratio so close to one moves no plan that would not move anyway


@dataclass(frozen=True, slots=True)
class LookedAhead:
    """Outlooks by subject and horizon, and what has none."""

    outlooks: tuple[Outlook, ...]
    skips: tuple[Skip, ...]


def look_ahead(
    queries: Mapping[str, str],
    sizes: Mapping[RelationName, Sizes],
    memory: WorkMemory,
    twin_at: TwinAt,
    now: datetime,
) -> LookedAhead:
    """Price queries, by fingerprint or unique id, at today's sizes and at those of each horizon.

    `sizes` may hold facts of any time; none after `now` counts.
    """
    if not queries:
        return LookedAhead((), ())
    paces = paces_at(sizes, now)
    subjects, texts = zip(*sorted(queries.items()), strict=True)
    prices: dict[float, tuple[Estimate | Unpriced, ...]] = {}
    for days in (0.0, *HORIZONS):
        ratios = ratios_at(paces, days)
        if not ratios and prices:
            prices[days] = prices[0.0]
            continue
        with twin_at(ratios, days) as twin:
            prices[days] = twin.price(texts)
    outlooks, skips = [], []
    for index, subject in enumerate(subjects):
        answers = {days: answer[index] for days, answer in prices.items()}
        refused = [each for each in answers.values() if isinstance(each, Unpriced)]
        if refused:
            skips.append(Skip(subject, refused[0].reason))
            continue
        outlooks += _outlooks(
            subject,
            {days: each for days, each in answers.items() if isinstance(each, Estimate)},
            paces,
            memory,
            now,
        )
    return LookedAhead(tuple(outlooks), tuple(skips))


def texts_of(lineage: Lineage, catalog: Catalog) -> tuple[Mapping[str, str], tuple[Skip, ...]]:
    """Return what to price: consumers' queries by fingerprint, builds by unique id."""
    models = stored_nodes(lineage)
    queries, skips = asked_queries(lineage, catalog, models)
    builds, own_skips = model_queries(lineage, models, {})
    return {facts.fingerprint: facts.sql for facts in (*queries, *builds)}, (*skips, *own_skips)


def paces_at(sizes: Mapping[RelationName, Sizes], now: datetime) -> Mapping[RelationName, Pace]:
    """Return the pace of each relation whose history is long enough."""
    found = {name: pace(of.days, of.rows, days_of(now)) for name, of in sorted(sizes.items())}
    return {relation: each for relation, each in found.items() if each is not None}


def ratios_at(paces: Mapping[RelationName, Pace], days: float) -> Ratios:
    """Return the ratios of the relations that will not be what they are."""
    found = {relation: each.ratio(days) for relation, each in paces.items()}
    return {relation: ratio for relation, ratio in found.items() if abs(ratio - 1) > _SAME}


def _outlooks(
    subject: str,
    answers: Mapping[float, Estimate],
    paces: Mapping[RelationName, Pace],
    memory: WorkMemory,
    now: datetime,
) -> list[Outlook]:
    today = answers[0.0]
    read = {node.relation for node in today.nodes if node.relation is not None}
    if not read & paces.keys():
        # Nothing is known of its relations' past, so nothing is said of their future.
        answers = {0.0: today}
    ahead = [answers[days] for days in HORIZONS if days in answers]
    lasting = {
        days: all(later.plan != today.plan for later in ahead[index:])
        for index, days in enumerate(HORIZONS)
    }
    return [
        Outlook(
            subject=subject,
            made_at=now,
            horizon_days=days,
            estimated_cost=then.cost,
            plan_id=then.plan_id,
            estimated_fill_ratio=fill_ratio(then.plan, then.nodes, memory),
            # Nearly equal plans take turns: one that is back at a later horizon was no flip.
            flips=plan_flips(today.plan, today.nodes, then.plan, then.nodes)
            if lasting.get(days)
            else (),
            row_ratio=_largest_ratio(paces, read, days),
        )
        for days, then in answers.items()
    ]


def _largest_ratio(
    paces: Mapping[RelationName, Pace], read: Collection[RelationName], days: float
) -> float:
    return max((paces[each].ratio(days) for each in read if each in paces), default=1.0)
