"""Captures for tests: a small warehouse that grows by the day, with names that need quotes."""

from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.records.captures import Capture, CapturedFacts
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.profiles import (
    ColumnProfile,
    ColumnRange,
    IndexProfile,
    RelationProfile,
    SequenceState,
)
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip, StatementSnapshot

FIRST = datetime(2026, 3, 1, 6, 30, 15, 250_000, tzinfo=UTC)
ORDERS = RelationName("marts", "fct_orders")
ODD = RelationName('Räume. "x"', "Grüße an Alle")
RANGES = {
    "Wert €": ColumnRange(
        63, -(2**63), is_exact=True, sequence=SequenceState(2**63 - 1, 2**63 - 1, cycles=True),
        references=ColumnName(ODD, "Ä \"b\""),
    ),
    "a": None,
}  # fmt: skip


def capture(number: int, *, at: datetime | None = None, which: str = "build") -> Capture:
    """The capture of one day."""
    return Capture(
        capture_id=f"run-{number:03}",
        captured_at=at or FIRST + timedelta(days=number),
        which=which,
        target_name="prod",
        target_schema="marts",
        adapter_type="postgres",
        dbt_version="1.11.16",
        project_name="shop",
        server_version=180006,
        not_looked_at=(Skip("statements of other roles", "role shop lacks pg_read_all_stats"),),
    )


def facts(
    number: int,
    *,
    at: datetime | None = None,
    which: str = "build",
    relations: tuple[RelationName, ...] = (ORDERS, ODD),
    locked: frozenset[RelationName] = frozenset(),
    index_columns: tuple[str, ...] = ("ordered_at",),
    statements: int = 3,
) -> CapturedFacts:
    """Everything that one capture says."""
    head = capture(number, at=at, which=which)
    rows = 1_000 * (number + 1)
    return CapturedFacts(
        capture=head,
        node_runs=(
            NodeRun(
                head.capture_id, "model.shop.fct_orders", "success",
                head.captured_at.isoformat(), 1_500_000 + number, head.captured_at, ORDERS,
                "table", rows, {"_message": f"SELECT {rows}", "rows_affected": rows},
            ),
            NodeRun(head.capture_id, "test.shop.unique", "pass", None, 20_000, head.captured_at),
        ),
        statements=tuple(
            StatementSnapshot(
                head.capture_id, head.captured_at, queryid=query - 2**62, role="Bérénice",
                text=f"select '{query}' from \"Grüße an Alle\"\nwhere x = $1", calls=10 * number,
                total_us=2**53 + number, rows=number, shared_blocks=rows, temp_blocks=0,
                stats_since=FIRST if query % 2 else None, toplevel=query % 3 != 0,
            )
            for query in range(statements)
        ),
        relations=tuple(
            RelationProfile(
                relation, RelationKind.TABLE, head.captured_at, rows,
                table_bytes=None if relation in locked else rows * 100,
                index_bytes=None if relation in locked else rows * 20,
                inserted_rows=rows, updated_rows=0, deleted_rows=0, dead_rows=3,
                sequential_scans=number, index_scans=None, last_analyzed_at=head.captured_at,
            )
            for relation in relations
        ),
        columns=tuple(
            ColumnProfile(
                relation, column, "numeric(12,2)", head.captured_at, null_ratio=0.25,
                distinct=-0.5, average_width_bytes=6, correlation=None, top_value_ratio=0.125,
                position=position, not_null=True, range=RANGES[column],
            )
            for relation in relations
            for position, column in enumerate(("Wert €", "a"), start=1)
        ),
        indexes=tuple(
            IndexProfile(
                IndexSpec(
                    relation,
                    (IndexKey(column, descending=True, nulls_first=True),
                     IndexKey('lower("Wert €")', is_expression=True)),
                    ("a",),
                    "(a > 0)",
                    unique=True,
                ),
                f"{number}_{column}", head.captured_at, rows * 20, 7, is_primary=False,
                is_valid=True, backs_constraint=False, definition="CREATE UNIQUE INDEX ...",
            )
            for relation in relations
            if relation not in locked
            for column in index_columns
        ),
    )  # fmt: skip
