"""A shop whose events grow day by day: what dbt and the captures of its warehouse say of it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import StatementSnapshot

START = datetime(2026, 1, 1, 6, tzinfo=UTC)
EVENTS = RelationName("raw", "events")
STG = RelationName("marts", "stg")
FCT = RelationName("marts", "fct")
MART = RelationName("marts", "mart")
SUM = "select sum(revenue) from marts.fct where kind = $1 /* application='shop',route='/sum' */"
LOOKUP = "select note from raw.events where id = $1 /* application='shop',route='/one' */"
WAREHOUSE = "shop.dev"
NOWHERE = "host: /nowhere, user: u, dbname: d"

Growth = Callable[[float], float]


def node(name: str, sql: str, *parents: str, limit: float | None = None) -> dict[str, Any]:
    """A table that dbt builds."""
    meta = {} if limit is None else {"schema_evolve": {"limit_seconds": limit}}
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name,
        "package_name": "shop", "schema": "marts", "alias": name, "fqn": ["shop", name],
        "original_file_path": f"models/{name}.sql", "compiled_code": sql, "language": "sql",
        "depends_on": {"nodes": list(parents)},
        "config": {"materialized": "table", "meta": meta},
    }  # fmt: skip


def manifest(fct_limit: float | None = None) -> Artifact:
    """Events become stg, fct and mart; a dashboard reads the mart."""
    nodes = (
        node("stg", "select id, kind, amount, note from raw.events", "source.shop.raw.events"),
        node("fct", "select kind, id, sum(amount) as revenue from marts.stg group by kind, id",
             "model.shop.stg", limit=fct_limit),
        node("mart", "select kind, sum(revenue) as revenue from marts.fct group by kind",
             "model.shop.fct"),
    )  # fmt: skip
    content = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "adapter_type": "postgres", "project_name": "shop", "invocation_id": "1",
        },
        "nodes": {each["unique_id"]: each for each in nodes},
        "sources": {
            "source.shop.raw.events": {
                "unique_id": "source.shop.raw.events", "resource_type": "source",
                "name": "events", "package_name": "shop", "schema": "raw",
                "identifier": "events", "fqn": ["shop", "raw", "events"],
            }
        },
        "exposures": {
            "exposure.shop.sales": {
                "unique_id": "exposure.shop.sales", "name": "sales", "label": "Sales",
                "type": "dashboard", "owner": {"name": "finance"},
                "depends_on": {"nodes": ["model.shop.mart"]}, "package_name": "shop",
                "original_file_path": "models/exposures.yml", "fqn": ["shop", "sales"],
            }
        },
    }  # fmt: skip
    return Artifact("manifest", "1", "2026-01-01", json.dumps(content).encode())


@dataclass(frozen=True)
class Shop:
    """One capture a day; time follows rows, with a little noise."""

    growth: Growth = lambda day: 1.04**day
    days: int = 20
    start: datetime = START
    noise: float = 0.03
    calls: int = 50
    seed: int = 1
    mean_us: tuple[float, float] = (40_000.0, 3_000.0)  # of SUM and LOOKUP on the first day
    build_us: float = 20_000_000.0
    more_lookups: int = 0  # like LOOKUP

    @property
    def last(self) -> datetime:
        """When the last capture is made."""
        return self.start + timedelta(days=self.days - 1)

    def captures(self) -> tuple[CapturedFacts, ...]:
        """Everything that was captured, oldest first."""
        rng = Random(self.seed)
        lookups = (
            LOOKUP,
            *(LOOKUP.replace("note", f"note as n{n}") for n in range(self.more_lookups)),
        )
        counters = {text: [0, 0, 0] for text in (SUM, *lookups)}
        found = []
        for day in range(self.days):
            size = self.growth(day)
            for text, counted in counters.items():
                us, blocks, follows = (
                    (self.mean_us[0], 2_000, size) if text == SUM else (self.mean_us[1], 5, 1.0)
                )
                counted[0] += self.calls
                counted[1] += round(self.calls * us * follows * rng.lognormvariate(0, self.noise))
                counted[2] += round(self.calls * blocks * follows)
            found.append(self._capture(day, size, counters, rng))
        return tuple(found)

    def _capture(
        self, day: int, size: float, counters: dict[str, list[int]], rng: Random
    ) -> CapturedFacts:
        at = self.start + timedelta(days=day)
        key = f"run-{day:03}"
        rows = round(1_000_000 * size)
        return CapturedFacts(
            Capture(key, at, "build", "dev", "marts"),
            node_runs=tuple(
                NodeRun(
                    key, f"model.shop.{each.name}", "success", None,
                    round(self.build_us * size * rng.lognormvariate(0, self.noise)), at, each,
                    "table", rows,
                )
                for each in (STG, FCT, MART)
            ),
            statements=tuple(
                StatementSnapshot(key, at, number, "web", text, calls, us, calls, blocks, 0)
                for number, (text, (calls, us, blocks)) in enumerate(counters.items())
            ),
            relations=tuple(
                RelationProfile(
                    each, RelationKind.TABLE, at, max(count, 0), max(count, 0) * 100, 0,
                    last_analyzed_at=at,
                )
                for each, count in ((EVENTS, rows), (STG, rows), (FCT, rows // 2), (MART, 10))
            ),
            columns=tuple(
                ColumnProfile(EVENTS, name, "bigint", at, position=number)
                for number, name in enumerate(("id", "kind", "amount", "note"), 1)
            ),
        )  # fmt: skip


def history(
    path: Path, captures: Iterable[CapturedFacts], fct_limit: float | None = None
) -> DuckHistory:
    """A real history, to be opened by `with`."""
    with DuckHistory(path, WAREHOUSE) as found:
        found.add_artifact(manifest(fct_limit))
        for facts in captures:
            found.add_capture(facts)
    return DuckHistory(path, WAREHOUSE)


def project(
    folder: Path,
    captures: Iterable[CapturedFacts],
    fct_limit: float | None = None,
    warehouse: str = NOWHERE,
) -> Path:
    """A dbt project with a history beside it; `warehouse` is how profiles.yml leads there."""
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (folder / "profiles.yml").write_text(
        f"shop: {{target: dev, outputs: {{dev: {{type: postgres, schema: marts, {warehouse}}}}}}}\n"
    )
    (folder / ".schema_evolve").mkdir()
    history(folder / ".schema_evolve" / "history.duckdb", captures, fct_limit)
    return folder


def without(captures: Iterable[CapturedFacts], days: range) -> tuple[CapturedFacts, ...]:
    """The captures, but none of some days."""
    return tuple(each for number, each in enumerate(captures) if number not in days)


def at(facts: CapturedFacts, instant: datetime) -> CapturedFacts:
    """A capture that says that it was made at another instant."""
    return replace(
        facts,
        capture=replace(facts.capture, captured_at=instant),
        node_runs=tuple(replace(each, captured_at=instant) for each in facts.node_runs),
        statements=tuple(replace(each, captured_at=instant) for each in facts.statements),
        relations=tuple(
            replace(each, captured_at=instant, last_analyzed_at=instant) for each in facts.relations
        ),
        columns=tuple(replace(each, captured_at=instant) for each in facts.columns),
    )
