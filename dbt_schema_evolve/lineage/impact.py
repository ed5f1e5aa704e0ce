"""Who notices that a column or a node changes: columns, rows, queries and consumers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from dbt_schema_evolve.lineage.readers import is_declared, is_others, readings
from dbt_schema_evolve.lineage.traverse import ROWS, Traversal, Vertex
from dbt_schema_evolve.records.answers import (
    AffectedColumn,
    AffectedConsumer,
    AffectedQuery,
    AffectedRows,
    Effect,
    Impact,
    Place,
    Watch,
)
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Consumer,
    EdgeKind,
    IndirectEdge,
    LineageQuery,
)

_STRENGTH = {kind: rank for rank, kind in enumerate(EdgeKind)}
_KINDS = tuple(EdgeKind)


def impact(traversal: Traversal, start: Vertex, watch: Watch) -> Impact:
    """Return everything downstream of a column, or of a node and all its columns.

    Values are followed from column to column. A column that filters, joins, groups or orders
    decides about the rows of a node, and so about the rows of all that is made from it.
    """
    node, column = start
    starts = (
        [start] if column != ROWS else [start, *((node, c) for c in traversal.columns_of(node))]
    )
    reached = traversal.ahead(starts, lambda _: True)
    columns = {vertex: steps for vertex, steps in reached.items() if vertex[1] != ROWS}
    rows = {vertex[0]: steps for vertex, steps in reached.items() if vertex[1] == ROWS}
    read = {
        query.fingerprint: query
        for vertex in reached
        for query in traversal.queries_of.get(vertex, ())
    }
    others = [query for query in read.values() if is_others(traversal, query)]
    queries = [_query(traversal, query, columns, watch) for query in others]
    return Impact(
        traversal.place(start),
        tuple(sorted(_columns(traversal, columns, set(starts)), key=_nearest)),
        tuple(sorted(_rows(traversal, rows, columns, node), key=_nearest)),
        tuple(sorted(queries, key=lambda each: (-each.calls, each.label, each.fingerprint))),
        tuple(
            sorted(
                (
                    *_senders(traversal, others, queries, watch),
                    *_exposures(traversal.graph.consumers, columns, rows),
                ),
                key=lambda each: (-each.calls, each.name, each.id),
            )
        ),
        tuple(
            sorted(
                query.issued_by
                for query in read.values()
                if query.issued_by and query.issued_by.startswith("test.")
                if any((use.node, use.column) in columns for use in query.uses)
            )
        ),
        watch,
    )


def _nearest(each: AffectedColumn | AffectedRows) -> tuple[int, Place]:
    return each.distance, each.place


def _columns(
    traversal: Traversal, columns: Mapping[Vertex, int], starts: set[Vertex]
) -> Iterator[AffectedColumn]:
    """Yield the columns beyond the starts; `columns` holds nearer ones first."""
    strongest: dict[Vertex, int] = {}
    for vertex, steps in columns.items():
        for edge in traversal.edges_from(vertex):
            if isinstance(edge, ColumnEdge):
                end = (edge.target, edge.target_column)
                if columns[end] == steps + 1:
                    strength = max(strongest.get(vertex, 0), _STRENGTH[edge.kind])
                    strongest[end] = max(strongest.get(end, 0), strength)
    for vertex, steps in columns.items():
        if vertex not in starts:
            kind = _KINDS[strongest[vertex]].value
            yield AffectedColumn(traversal.place(vertex), kind, steps)


def _rows(
    traversal: Traversal, rows: Mapping[str, int], columns: Mapping[Vertex, int], start: str
) -> Iterator[AffectedRows]:
    deciding: dict[str, list[IndirectEdge]] = {}
    for vertex in columns:
        for edge in traversal.edges_from(vertex):
            if isinstance(edge, IndirectEdge):
                deciding.setdefault(edge.target, []).append(edge)
    for node, steps in rows.items():
        edges = deciding.get(node, ())
        if node == start and not edges:
            continue
        yield AffectedRows(
            traversal.place((node, ROWS)),
            tuple(sorted({edge.kind.value for edge in edges})),
            tuple(sorted({traversal.place((edge.source, edge.source_column)) for edge in edges})),
            steps,
        )


def _query(
    traversal: Traversal, query: LineageQuery, columns: Mapping[Vertex, int], watch: Watch
) -> AffectedQuery:
    used = {(use.node, use.column) for use in query.uses if (use.node, use.column) in columns}
    return AffectedQuery(
        query.fingerprint,
        query.label,
        Effect.VALUES if used else Effect.ROWS,
        tuple(sorted(map(traversal.place, used))),
        query.calls,
        _per_day(query.calls, watch),
        query.total_us,
        query.last_seen,
    )


def _senders(
    traversal: Traversal,
    queries: Iterable[LineageQuery],
    affected: Iterable[AffectedQuery],
    watch: Watch,
) -> Iterator[AffectedConsumer]:
    values = {each.fingerprint for each in affected if each.effect is Effect.VALUES}
    for reading in readings(traversal, queries):
        consumer = reading.consumer
        effect = Effect.VALUES if consumer.fingerprints & values else Effect.ROWS
        yield _noticing(consumer, effect, reading.calls, reading.total_us, reading.last_seen, watch)


def _exposures(
    consumers: Iterable[Consumer], columns: Iterable[Vertex], rows: Iterable[str]
) -> Iterator[AffectedConsumer]:
    """Yield those who say that they read a node with an affected column, or affected rows."""
    with_values, with_rows = {node for node, _ in columns}, set(rows)
    for consumer in consumers:
        if is_declared(consumer) and not consumer.reads.isdisjoint(with_values | with_rows):
            is_of_rows = consumer.reads.isdisjoint(with_values)
            effect = Effect.ROWS if is_of_rows else Effect.VALUES
            yield _noticing(consumer, effect, 0, 0, None, None)


def _noticing(
    consumer: Consumer,
    effect: Effect,
    calls: int,
    total_us: int,
    last_seen: datetime | None,
    watch: Watch | None,
) -> AffectedConsumer:
    per_day = _per_day(calls, watch) if watch is not None else None
    return AffectedConsumer(
        consumer.id, consumer.kind, consumer.name, consumer.owner, effect, watch is None,
        calls, per_day, total_us, last_seen,
    )  # fmt: skip


def _per_day(calls: int, watch: Watch) -> float | None:
    """Return calls a day; less than a day's watching says nothing about days."""
    return calls / watch.days if watch.days >= 1 else None
