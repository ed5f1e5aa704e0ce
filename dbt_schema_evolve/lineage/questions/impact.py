"""Who notices that a column or a node changes: columns, rows, queries and consumers."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from dbt_schema_evolve.lineage.questions.readers import is_declared, is_others, readings
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, Vertex, follow_rows
from dbt_schema_evolve.records.answers import (
    UNKNOWN,
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
    decides about the rows of a node, and so about the rows of all that is made from it. A node
    that cannot be looked into may use every column of what it reads.
    """
    node, column = start
    starts = (
        [start] if column != ROWS else [start, *((node, c) for c in traversal.columns_of(node))]
    )
    reached = traversal.ahead(starts, lambda _: True)
    maybe = _opaque(traversal, reached)
    for vertex, steps in maybe.items():
        for other, further in traversal.ahead([vertex], follow_rows).items():
            reached.setdefault(other, steps + further)
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
        tuple(sorted(_rows(traversal, rows, columns, maybe, node), key=_nearest)),
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


def _opaque(traversal: Traversal, reached: Mapping[Vertex, int]) -> dict[Vertex, int]:
    """Return nodes that read one with an affected column, and cannot be looked into."""
    nearest: dict[str, int] = {}
    for (node, column), steps in reached.items():
        if column != ROWS:
            nearest.setdefault(node, steps)  # nearer ones come first
    found: dict[Vertex, int] = {}
    for node, steps in nearest.items():
        for edge in traversal.edges_from((node, ROWS)):
            end = (edge.target, ROWS)
            if traversal.is_opaque(edge.target) and end not in reached:
                found.setdefault(end, steps + 1)
    return found


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
    traversal: Traversal,
    rows: Mapping[str, int],
    columns: Mapping[Vertex, int],
    maybe: Collection[Vertex],
    start: str,
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
        kinds = {edge.kind.value for edge in edges} | (
            {UNKNOWN} if (node, ROWS) in maybe else set()
        )
        by = {traversal.place((edge.source, edge.source_column)) for edge in edges}
        place = traversal.place((node, ROWS))
        yield AffectedRows(place, tuple(sorted(kinds)), tuple(sorted(by)), steps)


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
        yield AffectedConsumer(
            consumer.id, consumer.kind, consumer.name, consumer.owner,
            Effect.VALUES if consumer.fingerprints & values else Effect.ROWS,
            is_declared=False,
            calls=reading.calls,
            calls_per_day=_per_day(reading.calls, watch),
            total_us=reading.total_us,
            last_seen=reading.last_seen,
        )  # fmt: skip


def _exposures(
    consumers: Iterable[Consumer], columns: Iterable[Vertex], rows: Iterable[str]
) -> Iterator[AffectedConsumer]:
    """Yield those who say that they read a node with an affected column, or affected rows."""
    with_values, with_rows = {node for node, _ in columns}, set(rows)
    for consumer in consumers:
        if is_declared(consumer) and not consumer.reads.isdisjoint(with_values | with_rows):
            is_of_rows = consumer.reads.isdisjoint(with_values)
            yield AffectedConsumer(
                consumer.id, consumer.kind, consumer.name, consumer.owner,
                Effect.ROWS if is_of_rows else Effect.VALUES,
                is_declared=True, calls=0, calls_per_day=None, total_us=0, last_seen=None,
            )  # fmt: skip


def _per_day(calls: int, watch: Watch) -> float | None:
    """Return calls a day; less than a day's watching says nothing about days."""
    return calls / watch.days if watch.days >= 1 else None
