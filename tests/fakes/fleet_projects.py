"""Projects of a fleet without a Postgres: growth upstream, and queries that follow it by a law.

`raw.events` grows by the project's regime and `raw.nations` never; a daily mart copies the events,
a weekly one does so once a week. Scans follow rows one to one, the report that sorts spills above a
size, the lookup and the control follow nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import exp, log
from random import Random

from benchmarks.fleet.records import FleetProject, Injected, Run
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.records.forecasts import CauseKind
from dbt_schema_evolve.records.lineage import LineageGraph, LineageNode, RelationEdge
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses
from tests.fakes.forecasting import day

EVENTS, NATIONS = RelationName("raw", "events"), RelationName("raw", "nations")
DAILY, WEEKLY = RelationName("marts", "daily"), RelationName("marts", "weekly")
IDS = {
    EVENTS: "source.fleet.events",
    NATIONS: "source.fleet.nations",
    DAILY: "model.fleet.daily",
    WEEKLY: "model.fleet.weekly",
}
CONTROL = "control"
_READS = {
    "scan": DAILY,
    "sort": DAILY,
    "lookup": DAILY,
    "weekly_scan": WEEKLY,
    CONTROL: NATIONS,
    IDS[DAILY]: EVENTS,
    IDS[WEEKLY]: DAILY,
}
_SPILLS_FROM = 60_000
_GROWTH: Mapping[str, Callable[[float, int], float]] = {  # of a rate and the days since it began
    "flat": lambda _rate, _days: 1.0,
    "linear": lambda rate, days: 1 + 2 * rate * days,
    "exponential": lambda rate, days: exp(rate * days),
    "backfill": lambda rate, days: 1 + 20 * rate if days > 0 else 1.0,
}
REGIMES = tuple(_GROWTH)


def fleet(count: int, days: int = 40, seed: int = 1) -> tuple[FleetProject, ...]:
    """Return projects whose regimes take turns."""
    return tuple(
        _project(f"p{number:03}", REGIMES[number % len(REGIMES)], days, Random(seed + number))
        for number in range(count)
    )


def _project(name: str, regime: str, days: int, rng: Random) -> FleetProject:
    rate = exp(rng.uniform(log(0.02), log(0.12)))
    begins = rng.randrange(10, max(days - 10, 11)) if regime != "linear" else 0
    first = rng.randrange(10_000, 50_000)

    def events(on: int) -> int:
        return round(first * _GROWTH[regime](rate, max(on - begins, 0)))

    rows = {
        EVENTS: events,
        NATIONS: lambda _on: 25,
        DAILY: events,
        WEEKLY: lambda on: events(on - on % 7),
    }
    runs = {
        subject: tuple(
            _run(subject, on, rows[_READS[subject]](on), rng)
            for on in range(days)
            if subject != IDS[WEEKLY] or on % 7 == 0
        )
        for subject in _READS
    }
    return FleetProject(
        name=name,
        regime=regime,
        facts=replace(_facts(runs, rows, days), outlooks=tuple(_outlooks(events, days))),
        runs=runs,
        control=CONTROL,
        injected=()
        if regime == "flat"
        else (Injected(regime, CauseKind.GROWTH, IDS[EVENTS], begins, None, f"{rate:.3f}"),),
    )


def _outlooks(events: Callable[[int], int], days: int) -> Iterator[Outlook]:
    """What a planner says of the report that sorts, who knows all sizes to come."""
    for on in range(0, days, 5):
        now = _plan(events(on))
        for ahead in (0, 7, 14, 30):
            rows = events(on + ahead)
            flips = (f"{now} -> {_plan(rows)}",) if _plan(rows) != now else ()
            yield Outlook(
                "sort", day(on), float(ahead), rows / 100, _plan(rows), rows / _SPILLS_FROM, flips,
                rows / events(on),
            )  # fmt: skip


def _plan(rows: int) -> str:
    return "external" if rows > _SPILLS_FROM else "in memory"


def _run(subject: str, on: int, rows: int, rng: Random) -> Run:
    temp = rows // 50 if subject == "sort" and rows > _SPILLS_FROM else 0
    read = 25 if subject == "lookup" else rows
    us = (300 + read * (2.0 if temp else 1.0) / 3) * rng.lognormvariate(0, 0.05)
    return Run(
        day=on,
        at=day(on),
        best_us=round(us),
        blocks=max(read // 100, 1),
        temp_blocks=temp,
        rows=read,
        plan_id=_plan(rows) if subject == "sort" else "in memory",
        estimated_cost=read / 100,
    )


def _facts(
    runs: Mapping[str, tuple[Run, ...]],
    rows: Mapping[RelationName, Callable[[int], int]],
    days: int,
) -> Facts:
    return Facts(
        graph=LineageGraph(
            tuple(LineageNode(node, node.partition(".")[0], r.name, r) for r, node in IDS.items()),
            (
                RelationEdge(IDS[EVENTS], IDS[DAILY]),
                RelationEdge(IDS[DAILY], IDS[WEEKLY]),
            ),
            (),
        ),
        ids=IDS,
        uses={
            subject: QueryUses(subject, *_read(relation), frozenset(), frozenset())
            for subject, relation in _READS.items()
        },
        stats=tuple(
            _stat(subject, run) for subject, held in runs.items() for run in held
            if "." not in subject
        ),
        runs=tuple(
            NodeRun(
                f"{run.day}", subject, "success", None, run.best_us, run.at, None, "table", run.rows
            )
            for subject, held in runs.items() for run in held if "." in subject
        ),
        relations=tuple(
            RelationProfile(
                relation, RelationKind.TABLE, day(on), count(on), 82 * count(on), 0
            )
            for relation, count in rows.items() for on in range(days)
        ),
    )  # fmt: skip


def _read(relation: RelationName) -> tuple[frozenset[RelationName], None, frozenset[RelationName]]:
    return frozenset({relation}), None, frozenset({relation})


def _stat(subject: str, run: Run) -> QueryStat:
    ended: datetime = run.at
    return QueryStat(
        subject, "shop", ended - timedelta(days=1), ended, 10, 10 * run.best_us, 10,
        10 * run.blocks, 10 * run.temp_blocks,
    )  # fmt: skip
