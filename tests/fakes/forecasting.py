"""A simulated warehouse for forecasts: relations that grow, and queries whose time follows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = RelationName("Rohdaten", "Ereignisse 2.0")
ORDERS = RelationName("raw", "orders")
NATIONS = RelationName("raw", "nations")


def day(number: float) -> datetime:
    """An instant of the simulation."""
    return START + timedelta(days=number)


def uses(fingerprint: str, *relations: RelationName) -> QueryUses:
    """A query that reads stored relations."""
    read = frozenset(relations)
    return QueryUses(fingerprint, read, None, read, frozenset(), frozenset())


@dataclass(frozen=True)
class World:
    """Facts up to today, and what each query will take at the horizon."""

    stats: tuple[QueryStat, ...]
    uses: Mapping[str, QueryUses]
    row_series: Mapping[RelationName, tuple[tuple[datetime, int], ...]]
    truth_us: Mapping[str, float]
    today: datetime
    runs: tuple[NodeRun, ...] = ()
    flow: FlowHistory = field(default_factory=FlowHistory)

    @property
    def facts(self) -> Facts:
        """The same as features are made from it; the source's lineage id is known, no more."""
        return Facts(
            graph=LineageGraph((), (), ()),
            ids={EVENTS: "source.shop.events"},
            uses=self.uses,
            stats=self.stats,
            runs=self.runs,
            relations=tuple(
                RelationProfile(relation, RelationKind.TABLE, at, rows, None, None)
                for relation, series in self.row_series.items()
                for at, rows in series
            ),
            flow=self.flow,
        )


def world(
    growth: Callable[[float], float],
    *,
    days: int = 14,
    horizon: int = 30,
    queries: int = 40,
    noise: float = 0.2,
    calls: int = 20,
    seed: int = 1,
    exponents: tuple[float, ...] = (0.0, 1.0, 1.05, 1.13, 1.2),
) -> World:
    """Queries on EVENTS, whose size over time is given; ORDERS grows 2 % a day, NATIONS never."""
    rng = Random(seed)
    counted = {
        EVENTS: lambda t: 1_000_000 * growth(t),
        ORDERS: lambda t: 250_000 * (1 + 0.02 * t),
        NATIONS: lambda _: 25,
    }
    stats, truth = [], {}
    for number in range(queries):
        exponent = exponents[number % len(exponents)]
        base_us = (2_000, 50_000, 1_000_000)[number % 3]

        def mean_us(t: float, exponent: float = exponent, base_us: float = base_us) -> float:
            between, within = rng.gauss(0, noise / 2), rng.gauss(0, noise / calls**0.5)
            return base_us * growth(t) ** exponent * exp(between + within)

        for end in range(1, days + 1):
            blocks = 1_000 * growth(end) ** (1.0 if exponent else 0.0) * rng.gauss(1, 0.02)
            stats.append(
                QueryStat(
                    f"q{number:03}", "shop", day(end - 1), day(end), calls,
                    int(calls * mean_us(end)), calls, int(calls * blocks), 0,
                )
            )  # fmt: skip
        truth[f"q{number:03}"] = mean_us(days + horizon)
    return World(
        tuple(stats),
        {f: uses(f, EVENTS, ORDERS, NATIONS) for f in truth},
        {
            relation: tuple((day(n), round(rows(n) * rng.gauss(1, 0.003))) for n in range(days + 1))
            for relation, rows in counted.items()
        },
        truth,
        day(days),
    )
