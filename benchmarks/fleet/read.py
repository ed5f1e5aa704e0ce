"""Reads kept projects: their facts as a history would hold them, and the truth beside."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.fleet.draw import DAYS, Growth, Spec, draw
from benchmarks.fleet.live import at, truth
from benchmarks.fleet.models import Model, models
from benchmarks.fleet.outlooks import read_outlooks
from benchmarks.fleet.queries import CONTROL, query
from benchmarks.fleet.records import FleetProject, Injected, Run
from benchmarks.fleet.row_dates import read_row_dates
from benchmarks.fleet.sources import COLUMNS, today
from benchmarks.fleet.store import KEPT, project_names, read_rows
from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.lineage.states.diff import lineage_changes
from dbt_schema_evolve.records.forecasts import CauseKind
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.lineage_changes import DatedChanges
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import Node, NodeRun, Project
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Statement

_DAY = timedelta(days=1)
_RISING = frozenset({"linear", "exponential", "seasonal", "onset", "backfill"})


def projects(folder: Path = KEPT) -> Iterator[FleetProject]:
    """Yield every project of a folder, in order."""
    for name in project_names(folder):
        yield read_project(folder, name)


def read_project(folder: Path, name: str) -> FleetProject:
    """Return one project; raises ArtifactError where another version of the fleet drew it."""
    (kept,) = read_rows(folder, "projects", name)
    drawn = json.loads(kept["truth"])
    spec = draw(drawn["number"])
    if truth(spec) != drawn:
        raise ArtifactError(
            "the project was drawn by another version of the fleet",
            at=f"{folder}, {name}",
            remedy="run `python -m benchmarks.fleet` in an empty folder",
        )
    rows = list(read_rows(folder, "runs", name))
    stats = tuple(_stat(row) for row in rows if not _is_build(row))
    lineage = _lineage(spec, stats)
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for row in rows:
        runs[row["subject"]].append(_run(row))
    return FleetProject(
        name=name,
        regime=spec.regime,
        facts=Facts(
            graph=lineage.graph,
            ids=lineage.ids,
            uses=lineage.uses,
            stats=stats,
            runs=tuple(_build(row, lineage.materialized) for row in rows if _is_build(row)),
            relations=tuple(relation_profile(row) for row in read_rows(folder, "relations", name)),
            columns=tuple(column_profile(row) for row in read_rows(folder, "columns", name)),
            outlooks=tuple(read_outlooks(folder, name)),
            flow=FlowHistory(lineage.changes, lineage.graph.consumers),
        ),
        runs={subject: tuple(held) for subject, held in sorted(runs.items())},
        control=CONTROL,
        injected=tuple(_injected(spec)),
        row_dates=read_row_dates(folder, name),
    )


@dataclass(frozen=True, slots=True)
class _Lineage:
    graph: LineageGraph
    ids: Mapping[RelationName, str]
    uses: Mapping[str, QueryUses]
    materialized: Mapping[str, str]  # by unique id
    changes: tuple[DatedChanges, ...]


def _lineage(spec: Spec, stats: tuple[QueryStat, ...]) -> _Lineage:
    opened = _on_day(spec, 0, stats)
    # A day on which nobody looks at the graph anew changes nothing of it.
    states = [DatedChanges(at(0), ())]
    if spec.deployed:
        after = _on_day(spec, spec.deployed_on, stats)
        states.append(
            DatedChanges(at(spec.deployed_on), lineage_changes(opened.graph, after.graph))
        )
    return replace(opened, changes=tuple(states))


def _on_day(spec: Spec, day: int, stats: tuple[QueryStat, ...]) -> _Lineage:
    built = models(spec, day)
    sources = tuple(_source(name) for name in sorted(COLUMNS))
    project = Project("fleet", "postgres", "", "", "", tuple(map(_model, built)), sources, ())
    columns = {RelationName("raw", name): held for name, held in COLUMNS.items()}
    schema = project_schema(project, columns)
    build_graph(project, schema)  # it learns the columns of the models
    statements = [
        Statement(
            name,
            query(name).sql.replace("{today}", str(today(day))),
            roles=frozenset({query(name).consumer}),
            tags=frozenset({("application", query(name).consumer)}),
        )
        for name in spec.queries
    ]
    texts = {each.fingerprint: each.text for each in statements}
    texts |= {model.unique_id: model.sql for model in built if model.materialized != "view"}
    uses = {}
    for name, text in texts.items():
        found = query_uses(name, text, schema)
        assert isinstance(found, QueryUses), found
        uses[name] = found
    graph = build_graph(project, schema, statements, uses, stats)
    return _Lineage(
        graph,
        dict(schema.owners),
        uses,
        {model.unique_id: model.materialized for model in built},
        (),
    )


def _source(name: str) -> Node:
    return Node(
        source_id(name), "source", name, "fleet", RelationName("raw", name), "", "sources.yml"
    )


def source_id(name: str) -> str:
    """Return the id that dbt would give a source."""
    return f"source.fleet.raw.{name}"


def _model(model: Model) -> Node:
    return Node(
        model.unique_id,
        "model",
        model.name,
        "fleet",
        RelationName(model.schema, model.name),
        model.materialized,
        f"models/{model.name}.sql",
        raw_code=model.sql,
        compiled_code=model.sql,
    )


def _is_build(row: Mapping[str, Any]) -> bool:
    return bool(row["subject"].startswith("model."))


def _stat(row: Mapping[str, Any]) -> QueryStat:
    calls, end = row["calls"], at(row["day"])
    return QueryStat(
        fingerprint=row["subject"],
        role=query(row["subject"]).consumer,
        window_start=end - _DAY,
        window_end=end,
        calls=calls,
        total_us=calls * row["mean_us"],
        rows=calls * row["result_rows"],
        shared_blocks=calls * row["blocks"],
        temp_blocks=calls * row["temp_blocks"],
    )


def _build(row: Mapping[str, Any], materialized: Mapping[str, str]) -> NodeRun:
    name = row["subject"]
    return NodeRun(
        invocation_id=f"day {row['day']}",
        unique_id=name,
        status="success",
        started_at=None,
        execution_us=row["mean_us"],
        captured_at=at(row["day"]),
        relation=RelationName("marts", name.rpartition(".")[2]),
        materialized=materialized[name],
        # EXPLAIN counts what a SELECT returns, and nothing of an INSERT.
        rows_affected=row["result_rows"] or None,
    )


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        day=row["day"],
        at=at(row["day"]),
        best_us=row["best_us"],
        blocks=row["blocks"],
        temp_blocks=row["temp_blocks"],
        rows=row["rows"],
        plan_id=row["plan_id"],
        estimated_cost=row["estimated_cost"],
    )


def relation_profile(row: Mapping[str, Any]) -> RelationProfile:
    """Return one kept row as the product's captures have it."""
    analyzed = row["analyzed_day"]
    return RelationProfile(
        relation=RelationName(row["schema"], row["name"]),
        kind=RelationKind.TABLE,
        captured_at=at(row["day"]),
        estimated_rows=row["rows"] if row["rows"] >= 0 else None,
        table_bytes=row["table_bytes"],
        index_bytes=row["index_bytes"],
        inserted_rows=row["inserted"],
        updated_rows=row["updated"],
        deleted_rows=row["deleted"],
        dead_rows=row["dead"],
        sequential_scans=row["sequential_scans"],
        index_scans=row["index_scans"],
        last_analyzed_at=None if analyzed is None else at(analyzed),
    )


def column_profile(row: Mapping[str, Any]) -> ColumnProfile:
    """Return one kept row as the product's captures have it."""
    return ColumnProfile(
        relation=RelationName(row["schema"], row["name"]),
        column=row["column"],
        type="",
        captured_at=at(row["day"]),
        null_ratio=row["null_ratio"],
        distinct=row["distinct"],
        average_width_bytes=row["width"],
        correlation=row["correlation"],
        top_value_ratio=row["top"],
    )


def _injected(spec: Spec) -> Iterator[Injected]:
    yield from _growing("events", spec.events)
    yield from _growing("orders", spec.orders)
    orders, events = source_id("orders"), source_id("events")
    if spec.vacuum_until < DAYS and spec.updates:
        detail = f"{spec.updates:.0%} of the orders change each day and nobody vacuums"
        yield Injected("bloat", CauseKind.BLOAT, orders, spec.vacuum_until, None, detail)
    if spec.analyze_until < DAYS:
        for node in (events, orders):
            yield Injected(
                "stale statistics",
                CauseKind.STALE_STATISTICS,
                node,
                spec.analyze_until,
                None,
                "nobody analyzes",
            )
    if spec.skew_drift:
        for node in (events, orders):
            detail = f"skew rises by {spec.skew_drift} a day"
            yield Injected("skew drift", CauseKind.SKEW, node, spec.skew_from, None, detail)
    if spec.newcomer:
        yield Injected(
            "new consumer",
            CauseKind.USAGE,
            spec.newcomer,
            spec.newcomer_from,
            None,
            "is asked from now on",
        )
    if spec.deployed:
        yield Injected(
            "deployment",
            CauseKind.CHANGED_FLOW,
            f"model.fleet.{spec.deployed}",
            spec.deployed_on,
            spec.deployed_on,
            "another version is deployed",
        )


def _growing(name: str, growth: Growth) -> Iterator[Injected]:
    if growth.regime not in _RISING:
        return
    if growth.regime == "backfill":
        detail = f"{growth.factor:.1f} times its rows arrive late"
        last = growth.first_day
    else:
        detail = f"{growth.regime} growth of {growth.rate:.1%} a day"
        last = growth.last_day
    source = source_id(name)
    yield Injected(growth.regime, CauseKind.GROWTH, source, growth.first_day, last, detail)
