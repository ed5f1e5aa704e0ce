"""Simulated examples with a known truth: growth reaches a query only when its mart is rebuilt."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random
from statistics import median

from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import (
    Case,
    Driver,
    Elasticity,
    FeatureVector,
    Observation,
    RelationGrowth,
    UpstreamRows,
)
from dbt_schema_evolve.records.relations import RelationName

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE, MART = RelationName("raw", "events"), RelationName("marts", "events_weekly")
JUMP = 3.0
_DAYS, _FIRST_CUTOFF = 75, 21
_SLOWER = 1.5


def weekly_marts(groups: Iterable[int], noise: float = 0.1) -> Iterator[Example]:
    """A daily query on a mart that is rebuilt each week from a source that may jump in between.

    Of each pair of neighbouring groups one jumps; until the rebuild their own series are alike. A
    jump that is still to come is nobody's to foresee: there is no example in the week before it.
    """
    for group in groups:
        rng = Random(group)
        rebuilt, base_us = rng.randrange(7), 10 ** rng.uniform(4, 6)
        jumped = rng.randrange(24, 40) if group % 2 else _DAYS
        source = [1e6 * 1.005**day * (JUMP if day >= jumped else 1.0) for day in range(_DAYS)]
        mart = [source[max(day - (day - rebuilt) % 7, 0)] for day in range(_DAYS)]
        us = [base_us * rows / 1e6 * exp(rng.gauss(0, noise)) for rows in mart]
        for today in range(_FIRST_CUTOFF, 44):
            if today < jumped <= today + 7:
                continue
            yield Example(
                group=f"project {group}",
                case=_case(f"query {group}", today, us, mart, source),
                outcome=_outcome(today, us, mart),
            )


def without_upstream(examples: Iterable[Example]) -> Iterator[Example]:
    """The same, where lineage knows nothing above what the query reads."""
    for each in examples:
        yield replace(each, case=replace(each.case, upstream=()))


def _case(
    subject: str, today: int, us: list[float], mart: list[float], source: list[float]
) -> Case:
    seen = range(today + 1)
    cutoff = START + timedelta(days=today)
    growth = RelationGrowth("model.shop.events_weekly", int(mart[today]), 0.0, 0.0, 30.0, today + 1)
    return Case(
        subject=subject,
        cutoff=cutoff,
        observations=tuple(
            Observation(START + timedelta(days=day), 10, us[day], mart[day] / 100, 0.0, 1.0)
            for day in seen
        ),
        driver=Driver(
            MART,
            growth,
            Elasticity(subject, growth.relation_id, 1.0, 0.2, 0.1, today + 1),
            tuple(mart[day] for day in seen),
        ),
        features=FeatureVector(subject, cutoff, (("exponent", 1.0), ("relations_read", 1.0))),
        relations=(MART,),
        upstream=(
            UpstreamRows(SOURCE, "source.shop.events", 1.0, 1, tuple(source[day] for day in seen)),
        ),
    )


def _outcome(today: int, us: list[float], mart: list[float]) -> Outcome:
    level = median(us[today - 6 : today + 1])
    rows = median(mart[today - 6 : today + 1])
    slow = [ahead for ahead in range(1, 8) if mart[today + ahead] >= _SLOWER * rows]
    return Outcome(
        degraded=None if mart[today] >= _SLOWER * rows else len(slow) >= 2,
        runs_until=min(slow, default=None),
        log_ratios={ahead: log(us[today + ahead] / level) for ahead in range(1, 31)},
    )
