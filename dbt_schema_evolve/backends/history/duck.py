"""The history as one DuckDB file: what every capture and every dbt artifact said."""

import gzip
import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from dbt_schema_evolve.backends.history import etl, executions, forecasts, outlooks, rows
from dbt_schema_evolve.backends.history.file import opened, plainly, query_text
from dbt_schema_evolve.backends.history.lineage_states import DuckLineageStates
from dbt_schema_evolve.backends.history.transaction import (
    Types,
    column_types,
    insert,
    insert_statements,
    transaction,
)
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.etl import EtlEvent, SeenReport
from dbt_schema_evolve.records.executions import Execution, ExecutionCount
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun, RunResults
from dbt_schema_evolve.records.prospects import Issued
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import StatementSnapshot

_BATCH = 10_000  # rows: some megabytes of tuples
_ARTIFACT_RUN = ("unique_id", "status", "started_at", "execution_us")


class DuckHistory:
    """The facts of one warehouse, in a file that may hold those of several.

    A context manager. Each `add_` is one transaction: killed in the middle, it never was. Adding
    what is there already changes nothing, so captures need no high-water mark but the set of
    their ids.
    """

    def __init__(self, path: Path, warehouse: str = "default", *, read_only: bool = False) -> None:
        """Remember; `warehouse` is any name that keeps two databases apart."""
        self.path = path
        self.warehouse = warehouse
        self._read_only = read_only
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._types: Types = {}

    def __enter__(self) -> Self:
        """Open the file; raises BusyError or HistoryError."""
        self._connection = opened(self.path, read_only=self._read_only)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with plainly(self.path):
                connection.close()

    # What goes in.

    def known_captures(self) -> frozenset[str]:
        """Return the ids of the captures that are here: the mark for the next reading."""
        found = self._own("select capture_id from captures where warehouse = $warehouse")
        return frozenset(row[0] for row in found)

    def add_capture(self, facts: CapturedFacts) -> bool:
        """Keep a capture; return whether it was new."""
        with plainly(self.path), transaction(self._database) as db:
            own = {"warehouse": self.warehouse, "capture_id": facts.capture.capture_id}
            if db.execute(
                "select 1 from captures where warehouse = $warehouse and capture_id = $capture_id",
                own,
            ).fetchone():
                return False
            (number,) = db.execute(
                "select coalesce(max(capture_number), 0) + 1 from captures"
            ).fetchall()[0]
            if not self._types:
                self._types = column_types(db)
            types = self._types
            head = rows.columns_of([facts.capture], rows.CAPTURE)
            insert(
                db, types, "captures", head, {"capture_number": number, "warehouse": self.warehouse}
            )
            insert_statements(db, types, rows.columns_of(facts.statements, rows.STATEMENT), number)
            for table, columns in (
                ("node_runs", rows.columns_of(facts.node_runs, rows.NODE_RUN)),
                ("relation_profiles", rows.columns_of(facts.relations, rows.RELATION)),
                ("column_profiles", rows.columns_of(facts.columns, rows.COLUMN)),
                ("index_profiles", rows.columns_of(facts.indexes, rows.INDEX)),
            ):
                insert(db, types, table, columns, {"capture_number": number})
        return True

    def add_artifact(self, artifact: Artifact) -> bool:
        """Keep an artifact byte for byte; return whether it was new."""
        values = {
            "warehouse": self.warehouse,
            "kind": artifact.kind,
            "invocation_id": artifact.invocation_id,
            "sha256": hashlib.sha256(artifact.content).hexdigest(),
            "generated_at": artifact.generated_at,
            # Level 1: a 51 MB manifest should not hold up the run that brings it.
            "content": gzip.compress(artifact.content, compresslevel=1, mtime=0),
        }
        with plainly(self.path), transaction(self._database) as db:
            return bool(db.execute(query_text("add_artifact"), values).fetchall())

    def add_run_results(self, results: RunResults) -> bool:
        """Keep the node times of a `run_results.json`; return whether they were new."""
        invocation = {"warehouse": self.warehouse, "invocation_id": results.invocation_id}
        readers = {name: rows.NODE_RUN[name] for name in _ARTIFACT_RUN}
        with plainly(self.path), transaction(self._database) as db:
            known = db.execute(
                "select 1 from artifact_runs"
                " where warehouse = $warehouse and invocation_id = $invocation_id limit 1",
                invocation,
            ).fetchone()
            if known or not results.runs:
                return False
            instant = rows.plain_instant(datetime.fromisoformat(results.generated_at))
            own = {**invocation, "generated_at": instant, "which": results.which}
            insert(
                db, column_types(db), "artifact_runs", rows.columns_of(results.runs, readers), own
            )
        return True

    def add_events(self, events: Iterable[EtlEvent]) -> int:
        """Keep what jobs reported; return how many events were new."""
        with plainly(self.path), transaction(self._database) as db:
            return etl.add_events(db, self.warehouse, events)

    def add_executions(self, found: Iterable[Execution]) -> int:
        """Keep executions by their ids; return how many were new."""
        with plainly(self.path), transaction(self._database) as db:
            return executions.add_executions(db, column_types(db), self.warehouse, found)

    def add_outlooks(self, found: Iterable[Outlook]) -> int:
        """Keep what the planner said, by subject, instant and horizon; return how many were new."""
        with plainly(self.path), transaction(self._database) as db:
            return outlooks.add_outlooks(db, column_types(db), self.warehouse, found)

    def add_forecasts(self, issued: Iterable[Issued]) -> int:
        """Keep the first forecast of each subject, predictor and day; return how many were new."""
        with plainly(self.path), transaction(self._database) as db:
            return forecasts.add_forecasts(db, column_types(db), self.warehouse, issued)

    # What comes out, sorted.

    def captures(self) -> tuple[Capture, ...]:
        """Return every capture, oldest first."""
        found = self._own(
            f"select {', '.join(rows.CAPTURE)} from captures where warehouse = $warehouse"
            " order by captured_at, capture_id"
        )
        return tuple(map(rows.Reader().capture, found))

    def statement_snapshots(self, since: datetime | None = None) -> tuple[StatementSnapshot, ...]:
        """Return snapshots by query, role and time."""
        texts: dict[int, str] = dict(self._rows("select text_number, text from texts"))
        found = self._each(query_text("statement_snapshots"), since=_plain(since))
        reader = rows.Reader()
        return tuple(reader.statement(row, texts) for row in found)

    def execution_counts(self, since: datetime | None = None) -> tuple[ExecutionCount, ...]:
        """Return executions that are alike, an hour and a capture at a time."""
        found = self._own(query_text("execution_counts"), since=_plain(since))
        return tuple(map(executions.execution_count, found))

    def outlooks(
        self, since: datetime | None = None, seen_from: datetime | None = None
    ) -> tuple[Outlook, ...]:
        """Return what the planner said, by subject, instant and horizon; see `ports.History`."""
        found = self._own(query_text("outlooks"), since=_plain(since), seen_from=_plain(seen_from))
        return tuple(map(outlooks.outlook, found))

    def forecasts(self, predictor: str, since: datetime | None = None) -> tuple[Issued, ...]:
        """Return what a predictor said, by subject and instant."""
        found = self._own(query_text("forecasts"), predictor=predictor, since=_plain(since))
        return tuple(map(forecasts.issued, found))

    def node_runs(self, since: datetime | None = None) -> tuple[NodeRun, ...]:
        """Return the runs of nodes, of captures and of run results, by node and time."""
        found = self._each(query_text("node_runs"), since=_plain(since))
        return tuple(map(rows.Reader().node_run, found))

    def relation_profiles(self, since: datetime | None = None) -> tuple[RelationProfile, ...]:
        """Return profiles by relation and time."""
        found = self._each(query_text("relation_profiles"), since=_plain(since))
        return tuple(map(rows.Reader().relation, found))

    def column_profiles(
        self, since: datetime | None = None, columns: Collection[ColumnName] | None = None
    ) -> tuple[ColumnProfile, ...]:
        """Return profiles by relation, column and time; of some columns alone, or of all."""
        chosen = None if columns is None else rows.column_names(columns)
        found = self._each(query_text("column_profiles"), since=_plain(since), columns=chosen)
        return tuple(map(rows.Reader().column, found))

    def latest_relation_profiles(self) -> tuple[RelationProfile, ...]:
        """Return the relations of the newest capture that saw any."""
        found = self._latest("relation_profiles", "latest_relations")
        return tuple(map(rows.Reader().relation, found))

    def latest_column_profiles(self) -> tuple[ColumnProfile, ...]:
        """Return the columns of the newest capture that saw any."""
        found = self._latest("column_profiles", "latest_columns")
        return tuple(map(rows.Reader().column, found))

    def latest_index_profiles(self) -> tuple[IndexProfile, ...]:
        """Return the indexes of every relation, each as last seen while it was not locked."""
        found = self._latest("relation_profiles", "latest_indexes", warehouse=self.warehouse)
        return tuple(map(rows.Reader().index, found))

    def latest_artifact(self, kind: str) -> Artifact | None:
        """Return the newest artifact of a kind, by the time that dbt wrote into it."""
        found = self._own(query_text("latest_artifact"), kind=kind)
        if not found:
            return None
        kind, invocation_id, generated_at, content = found[0]
        return Artifact(kind, invocation_id, generated_at, gzip.decompress(content))

    def seen_reports(self) -> tuple[SeenReport, ...]:
        """Return each report once, by the time that it was last made."""
        with plainly(self.path):
            return etl.seen_reports(self._database, self.warehouse)

    @property
    def lineage(self) -> DuckLineageStates:
        """The graph through time."""
        return DuckLineageStates(self._database, self.path, self.warehouse)

    @property
    def _database(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise RuntimeError("the history is not open: use it in a with statement")
        return self._connection

    def _own(self, query: str, **parameters: Any) -> list[rows.Row]:
        """Run a query on this warehouse's facts."""
        return self._rows(query, warehouse=self.warehouse, **parameters)

    def _each(self, query: str, **parameters: Any) -> Iterator[rows.Row]:
        """Run a query on this warehouse's facts of which there may be a million."""
        with plainly(self.path):
            found = self._database.execute(query, {"warehouse": self.warehouse, **parameters})
            while batch := found.fetchmany(_BATCH):
                yield from batch

    def _rows(self, query: str, **parameters: Any) -> list[rows.Row]:
        with plainly(self.path):
            return self._database.execute(query, parameters).fetchall()

    def _latest(self, table: str, query: str, **parameters: Any) -> list[rows.Row]:
        """Run a query on the newest capture that has rows in a table."""
        found = self._own(query_text("latest_capture").format(table=table))
        if not found:
            return []
        return self._rows(query_text(query), latest=found[0][0], **parameters)


def _plain(since: datetime | None) -> str | None:
    return rows.plain_instant(since)
