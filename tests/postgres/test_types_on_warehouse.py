"""From a quarter of captures of a real table to the types that it should have, and their bytes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.postgres.captured import read_captures
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.recommend.column_type import propose
from dbt_schema_evolve.recommend.type_bytes import freed
from dbt_schema_evolve.records.changes import ColumnTypeSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, LineageGraph, LineageNode
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.watched_columns import watched_columns

FIRST = datetime(2026, 8, 1, 6, tzinfo=UTC)
WEEK = timedelta(days=7)
LINES = RelationName("marts", "lines")
MODEL = Node("model.shop.lines", "model", "lines", "shop", LINES, "table", "models/lines.sql")
GRAPH = LineageGraph(
    (
        LineageNode("model.shop.lines", "model", "lines", LINES),
        LineageNode("model.shop.costs", "model", "costs", RelationName("marts", "costs")),
    ),
    (),
    (ColumnEdge("model.shop.lines", "cost", "model.shop.costs", "cost", EdgeKind.EXPRESSION),),
)
PROJECT = Project("shop", "postgres", "1.11.16", "", FIRST.isoformat(), (MODEL,), (), ())


@pytest.fixture
def evidence(capture: Callable, connection: psycopg.Connection, tmp_path: Path) -> Evidence:
    """What is known of a table after 14 weeks: it was dropped from, renamed in, and analyzed."""
    connection.execute(
        """
        create schema marts;
        create table marts.lines as
        select
          5000000000 + n as order_id,
          n as gone,
          n % 50 as quantity,
          n % 7 as line_number,
          n % 90 as cost,
          n % 3 as code
        from generate_series(1::bigint, 1200000) as n;
        alter table marts.lines drop gone;
        """
    )
    for week in range(14):
        if week == 13:
            connection.execute("vacuum full marts.lines")
        connection.execute("analyze marts.lines")
        capture(connection, captured_at=(FIRST + week * WEEK).isoformat())
    with DuckHistory(tmp_path / "history.duckdb") as history:
        for facts in read_captures(connection):
            history.add_capture(facts)
        (table,) = history.latest_relation_profiles()
        known = Evidence(
            window_days=91.0,
            queries=(),
            model_queries=(),
            models={LINES: MODEL},
            relations={LINES: table},
            columns={LINES: history.latest_column_profiles()},
            indexes={},
            runs={},
        )
        lineage = Lineage(PROJECT, LineageSchema({}), GRAPH, (), {}, (), ())
        watched = watched_columns(known, history, lineage, FIRST + 13 * WEEK)
        return replace(known, watched=watched)


def test_what_is_never_large_and_never_calculated_with_gets_a_smaller_type(
    evidence: Evidence, connection: psycopg.Connection
) -> None:
    (found,) = propose(evidence)
    assert isinstance(found.spec, ColumnTypeSpec)
    # `order_id` is beyond an integer and `cost` is calculated with; behind it, what `code` leaves
    # free is padding.
    assert dict(found.spec.types).keys() == {"quantity", "line_number"}
    space = freed(evidence, found.spec)
    assert space is not None
    before = _bytes(connection)
    for column, kind in found.spec.types:
        connection.execute(f"alter table marts.lines alter {column} type {kind}".encode())
    connection.execute("vacuum full marts.lines")
    assert space.table_bytes == pytest.approx(before - _bytes(connection), rel=0.02)


def _bytes(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_relation_size('marts.lines')").fetchone()
    assert row is not None
    return int(row[0])
