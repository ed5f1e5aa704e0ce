"""What the planner will say of each query at the sizes that its relations are expected to have."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.features.expected_rows import ExpectedRows
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
    expected: ExpectedRows,
    memory: WorkMemory,
    twin_at: TwinAt,
    now: datetime,
) -> LookedAhead:
    """Price queries, by fingerprint or unique id, at today's sizes and at those of each horizon.

    `expected` is as of `now`.
    """
    if not queries:
        return LookedAhead((), ())
    ratios = {days: expected.ratios(days) for days in (0.0, *HORIZONS)}
    subjects, texts = zip(*sorted(queries.items()), strict=True)
    prices: dict[float, tuple[Estimate | Unpriced, ...]] = {}
    for days, at in ratios.items():
        moved = {relation: ratio for relation, ratio in at.items() if abs(ratio - 1) > _SAME}
        if prices and not moved:
            prices[days] = prices[0.0]
            continue
        with twin_at(moved, days) as twin:
            prices[days] = twin.price(texts)
    outlooks: list[Outlook] = []
    skips = []
    for index, subject in enumerate(subjects):
        answers = {}
        for days, answered in prices.items():
            answer = answered[index]
            if isinstance(answer, Unpriced):
                skips.append(Skip(subject, answer.reason))
                break
            answers[days] = answer
        else:
            outlooks += _outlooks(subject, answers, ratios, memory, now)
    return LookedAhead(tuple(outlooks), tuple(skips))


def texts_of(lineage: Lineage, catalog: Catalog) -> tuple[Mapping[str, str], tuple[Skip, ...]]:
    """Return what to price: consumers' queries by fingerprint, builds by unique id."""
    models = stored_nodes(lineage)
    queries, skips = asked_queries(lineage, catalog, models)
    builds, own_skips = model_queries(lineage, models, {})
    return {facts.fingerprint: facts.sql for facts in (*queries, *builds)}, (*skips, *own_skips)


def _outlooks(
    subject: str,
    answers: Mapping[float, Estimate],
    ratios: Mapping[float, Ratios],
    memory: WorkMemory,
    now: datetime,
) -> Iterator[Outlook]:
    today = answers[0.0]
    read = {node.relation for node in today.nodes if node.relation is not None}
    if not read & ratios[0.0].keys():
        # Nothing is known of its relations' past, so nothing is said of their future.
        answers = {0.0: today}
    for days, then in answers.items():
        # Nearly equal plans take turns: one that is back at a later horizon was no flip.
        lasts = all(answers[later].plan != today.plan for later in answers if later >= days)
        yield Outlook(
            subject=subject,
            made_at=now,
            horizon_days=days,
            estimated_cost=then.cost,
            plan_id=then.plan_id,
            estimated_fill_ratio=fill_ratio(then.plan, then.nodes, memory),
            flips=plan_flips(today.plan, today.nodes, then.plan, then.nodes) if lasts else (),
            row_ratio=max((ratios[days].get(each, 1.0) for each in read), default=1.0),
        )
