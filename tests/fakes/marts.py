"""A small warehouse with facts of all kinds: a source, a daily model, a weekly mart, queries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.lineage import (
    Consumer,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    LineageQuery,
    RelationEdge,
)
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName
from dbt_schema_evolve.records.workload import ColumnUse, QueryStat, QueryUses, UseKind
from tests.fakes.forecasting import day

EVENTS = RelationName("raw", "events")
STAGED = RelationName("staging", "stg_events")
DAILY = RelationName("marts", "daily")
WEEKLY = RelationName("marts", "weekly")
SOURCE, STG, FCT, MART = (
    "source.shop.events",
    "model.shop.stg",
    "model.shop.daily",
    "model.shop.weekly",
)
ON_DAILY, ON_WEEKLY = "d" * 16, "e" * 16
KEY = ColumnName(DAILY, "customer_id")

_HOUR = timedelta(hours=1)


def graph() -> LineageGraph:
    """Events flow through a view into the daily model, and from there into the weekly mart."""
    return LineageGraph(
        nodes=(
            LineageNode(SOURCE, "source", "events", EVENTS),
            LineageNode(STG, "model", "stg_events", STAGED, materialized="view"),
            LineageNode(FCT, "model", "daily", DAILY, materialized="table"),
            LineageNode(MART, "model", "weekly", WEEKLY, materialized="table"),
        ),
        relation_edges=(
            RelationEdge(SOURCE, STG), RelationEdge(STG, FCT), RelationEdge(FCT, MART),
        ),
        column_edges=(),
        indirect_edges=(IndirectEdge(FCT, "amount", MART, IndirectKind.FILTER),),
        queries=(LineageQuery(ON_DAILY, "select", frozenset({FCT}), (), first_seen=day(1)),),
        consumers=consumers(),
    )  # fmt: skip


def consumers() -> tuple[Consumer, ...]:
    """One that was always there, and one that came on the 30th day."""
    return (
        Consumer(
            "exposure.shop.board", "dashboard", "Board", "",
            frozenset({FCT}), frozenset({ON_DAILY}),
        ),
        Consumer(
            "application.app", "application", "app", "", frozenset({MART}), frozenset({ON_WEEKLY}),
            first_seen=day(30),
        ),
    )  # fmt: skip


def reads(fingerprint: str, *relations: RelationName) -> QueryUses:
    """A query, or the SQL of a model, that filters the daily model by its key."""
    read = frozenset(relations)
    uses = frozenset({ColumnUse(KEY, UseKind.EQUALITY)} if DAILY in read else ())
    return QueryUses(fingerprint, read, None, read, frozenset(), uses)


def marts(rows: Callable[[int], float] = lambda n: 100_000 * 1.02**n, days: int = 42) -> Facts:
    """Each day at 1 the source has its rows, at 2 models are built, at 3 queries have run.

    Catalogs are captured at 3 too. The weekly mart is built on days 0, 7, 14...; each model holds
    the rows that its parent had then.
    """
    weekly = [rows(n - n % 7) for n in range(days)]
    daily = [rows(n) for n in range(days)]
    changes = (
        DatedChanges(day(20) - _HOUR, (LineageChange(STG, Aspect.CODE, "a" * 16, "b" * 16),)),
        DatedChanges(day(20), (LineageChange(FCT, Aspect.TYPE, "integer", "bigint", "id"),)),
    )
    counted = {EVENTS: daily, DAILY: daily, WEEKLY: weekly}
    return Facts(
        graph=graph(),
        ids={EVENTS: SOURCE, STAGED: STG, DAILY: FCT, WEEKLY: MART},
        uses={
            ON_DAILY: reads(ON_DAILY, DAILY),
            ON_WEEKLY: reads(ON_WEEKLY, WEEKLY),
            FCT: replace(
                reads("", EVENTS), reads=frozenset({STAGED}), views=frozenset({STAGED})
            ),
            MART: reads("", DAILY),
        },
        stats=tuple(
            QueryStat(
                name, "bi", day(n - 1) + 3 * _HOUR, day(n) + 3 * _HOUR,
                10, round(size), 10, round(size / 10), 0,
            )
            for name, sizes in ((ON_DAILY, daily), (ON_WEEKLY, weekly))
            for n, size in enumerate(sizes)
        ),
        runs=tuple(
            NodeRun(
                f"run{n}", model, "success", None, round(10 * daily[n]), day(n) + 2 * _HOUR,
                relation, "table", round(daily[n]),
            )
            for n in range(days)
            for model, relation in ((FCT, DAILY), (MART, WEEKLY))
            if model == FCT or n % 7 == 0
        ),
        relations=tuple(
            RelationProfile(
                relation, RelationKind.TABLE, day(n) + 3 * _HOUR, round(size), round(size * 80),
                round(size * 20), round(size), 0, 0, 0, last_analyzed_at=day(n) + 2 * _HOUR,
            )
            for relation, sizes in counted.items()
            for n, size in enumerate(sizes)
        ),
        columns=tuple(
            ColumnProfile(
                DAILY, "customer_id", "integer", day(n) + 3 * _HOUR,
                top_value_ratio=0.1 + 0.005 * n,
            )
            for n in range(days)
        ),
        outlooks=tuple(
            Outlook(
                ON_DAILY, day(n) + 3 * _HOUR, float(ahead), 100.0 + ahead + n,
                "seq" if ahead + n > 38 else "index", 0.02 * (ahead + n),
                ("Index Scan on marts.daily -> Seq Scan",) if n <= 38 < ahead + n else (),
                1.02**ahead,
            )
            for n in range(0, days, 3)
            for ahead in (0, 7, 14, 30)
        ),
        flow=FlowHistory(
            changes,
            consumers(),
        ),
    )  # fmt: skip
