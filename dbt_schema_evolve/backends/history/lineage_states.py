"""The lineage graph through time in the history file: only what changes is written."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbt_schema_evolve.backends.history.file import plainly, query_text
from dbt_schema_evolve.backends.history.lineage_tables import (
    TABLES,
    Table,
    elements_of,
    filled,
    graph_of,
)
from dbt_schema_evolve.backends.history.rows import Row, columns_of, plain_instant
from dbt_schema_evolve.backends.history.transaction import (
    Database,
    column_types,
    stage,
    transaction,
)
from dbt_schema_evolve.lineage.states.node_lineages import node_lineages
from dbt_schema_evolve.records.lineage import LineageGraph, NodeLineage, Seen
from dbt_schema_evolve.records.lineage_states import ColumnType, Commit, GraphSeen, LineageState


@dataclass(frozen=True, slots=True)
class DuckLineageStates:
    """The states of one warehouse's graph, in an open history file."""

    database: Database
    path: Path
    warehouse: str

    def add(self, state: LineageState, graph: LineageGraph) -> bool:
        """Keep a state that is newer than all others; return whether it was."""
        with plainly(self.path), transaction(self.database) as db:
            number = self._newest() + 1
            earlier = self.states()
            if earlier and state.generated_at <= earlier[-1].generated_at:
                return False
            db.execute(
                "insert into lineage_states values ($warehouse, $number, $invocation_id,"
                " $generated_at, $git_commit, $is_dirty, $which)",
                {
                    "warehouse": self.warehouse,
                    "number": number,
                    "invocation_id": state.invocation_id,
                    "generated_at": plain_instant(state.generated_at),
                    "git_commit": state.commit and state.commit.sha,
                    "is_dirty": bool(state.commit and state.commit.is_dirty),
                    "which": state.which,
                },
            )
            types = column_types(db)
            for table, elements in zip(TABLES, elements_of(graph), strict=True):
                stage(db, types[table.name], columns_of(elements, table.columns))
                own = {"warehouse": self.warehouse, "state": number}
                for step in ("lineage_close", "lineage_open"):
                    db.execute(filled(step, table), own)
                db.execute("drop table incoming")
        return True

    def states(self) -> tuple[LineageState, ...]:
        """Return every state, oldest first."""
        found = self._rows(
            "select invocation_id, generated_at, git_commit, is_dirty, which"
            " from lineage_states where warehouse = $warehouse order by state_number"
        )
        return tuple(
            LineageState(
                invocation_id,
                _utc(generated_at),
                None if commit is None else Commit(commit, is_dirty),
                which,
            )
            for invocation_id, generated_at, commit, is_dirty, which in found
        )

    def graph_at(self, state: LineageState, nodes: Collection[str] | None = None) -> LineageGraph:
        """Return the graph of a state; of some nodes alone, with the edges that end in them."""
        return self._graph(self._number(state), nodes)

    def last_known(self, nodes: Collection[str]) -> Mapping[str, NodeLineage]:
        """Return what was said of nodes when they were last compiled, where they ever were."""
        last: dict[int, list[str]] = {}
        for number, node in self._rows(
            query_text("lineage_compiled"), newest=self._newest(), nodes=json.dumps(sorted(nodes))
        ):
            last.setdefault(number, []).append(node)
        found: dict[str, NodeLineage] = {}
        for number, compiled in last.items():
            found |= node_lineages(self._graph(number, compiled))
        return found

    def touched(self, before: LineageState, after: LineageState) -> frozenset[str]:
        """Return the nodes of which anything differs between two states, and perhaps more."""
        ends = sorted((self._number(before), self._number(after)))
        return frozenset(
            node
            for table in TABLES
            for (node,) in self._rows(
                filled("lineage_touched", table), before=ends[0], after=ends[1]
            )
        )

    def seen(self) -> GraphSeen:
        """Return when each element of the newest state was first and last seen."""
        nodes, columns, relation_edges, column_edges, indirect_edges = map(self._seen, TABLES)
        return GraphSeen(
            {node: seen for (node,), seen in nodes.items()},
            columns,
            relation_edges,
            column_edges,
            indirect_edges,
        )

    def type_history(self, node: str, column: str) -> tuple[ColumnType, ...]:
        """Return the types that a column was known to have, oldest first."""
        found = self._rows(
            query_text("lineage_type_history"),
            newest=self._newest(),
            node=node,
            column=column,
        )
        return tuple(ColumnType(kind, Seen(_utc(first), _utc(last))) for kind, first, last in found)

    def _graph(self, number: int, nodes: Collection[str] | None) -> LineageGraph:
        wanted = None if nodes is None else json.dumps(sorted(nodes))
        return graph_of(
            {
                table: self._rows(filled("lineage_at", table), state=number, nodes=wanted)
                for table in TABLES
            }
        )

    def _seen(self, table: Table) -> dict[Any, Seen]:
        """Return the times of one kind of elements, by their keys."""
        found = self._rows(filled("lineage_seen", table), newest=self._newest())
        return {tuple(key): Seen(_utc(first), _utc(last)) for *key, first, last in found}

    def _newest(self) -> int:
        ((number,),) = self._rows(
            "select coalesce(max(state_number), 0) from lineage_states where warehouse = $warehouse"
        )
        return int(number)

    def _number(self, state: LineageState) -> int:
        ((number,),) = self._rows(
            "select state_number from lineage_states where warehouse = $warehouse"
            " and generated_at = $generated_at",
            generated_at=plain_instant(state.generated_at),
        )
        return int(number)

    def _rows(self, query: str, **parameters: Any) -> list[Row]:
        with plainly(self.path):
            own = {"warehouse": self.warehouse, **parameters}
            return self.database.execute(query, own).fetchall()


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
