"""What dbt builds and nobody reads, with every reason to doubt it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.lineage.questions.readers import BUILT, is_declared, is_others
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, Vertex, source
from dbt_schema_evolve.records.answers import Unused, UnusedColumn, UnusedNode, Watch
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.lineage import LineageNode, LineageQuery
from dbt_schema_evolve.records.workload import UseKind

_ALWAYS = datetime.max.replace(tzinfo=UTC)
"""When something is read that counts as read, though nobody knows when."""
_BEFORE = datetime.min.replace(tzinfo=UTC)
"""When something was read that was not read while it was watched, and that for long enough."""

_Seeds = Iterable[tuple[datetime, Iterable[Vertex]]]


def unused(
    traversal: Traversal,
    watch: Watch,
    days: float,
    runs: Mapping[str, ModelRuns],
    kept: Collection[Vertex] = (),
    among: Collection[str] | None = None,
) -> Unused:
    """Return nodes and columns that nobody has read for some days up to the last capture.

    Somebody reads what a query uses in whatever way, what an exposure names, and everything that
    this is made from. `kept` are columns that dbt itself needs, `among` the ids asked about.
    """
    since = watch.last - timedelta(days=days) if watch.last is not None else None
    queries = [query for query in traversal.graph.queries if is_others(traversal, query)]
    declared = list(_declared(traversal))
    read = _last_reads(traversal, [*declared, *_reads(queries, watch, since)])
    singled_out = _last_reads(
        traversal, [*declared, *_reads(queries, watch, since, _whole_nodes(traversal, queries))]
    )
    tested = {
        vertex
        for vertex, found in traversal.queries_of.items()
        if any(query.writes is None and not is_others(traversal, query) for query in found)
    }

    def is_unused(vertex: Vertex, reads: Mapping[Vertex, datetime]) -> bool:
        last = reads.get(vertex)
        return last is None or (since is not None and last < since)

    nodes: list[UnusedNode] = []
    columns: list[UnusedColumn] = []
    for node in traversal.graph.nodes:
        if node.kind not in BUILT or (among is not None and node.id not in among):
            continue
        if is_unused((node.id, ROWS), read):
            nodes.append(_node(traversal, node, read, runs, tested))
            continue
        for column in node.columns:
            vertex = (node.id, column.name)
            if is_unused(vertex, singled_out) and vertex not in kept:
                columns.append(
                    UnusedColumn(
                        traversal.place(vertex),
                        _moment(read.get(vertex)),
                        vertex in tested,
                        not is_unused(vertex, read),
                    )
                )
    return Unused(
        days,
        since,
        tuple(sorted(nodes, key=lambda each: (bool(each.feeds), each.place))),
        tuple(columns),
        tuple(_doubts(traversal, watch, days, queries)),
        watch,
    )


def _declared(traversal: Traversal) -> Iterator[tuple[datetime, Iterable[Vertex]]]:
    """Yield what exposures name: nodes, so every column of theirs may be meant."""
    for consumer in traversal.graph.consumers:
        if is_declared(consumer):
            for node in consumer.reads:
                yield _ALWAYS, _all_of(traversal, node)


def _reads(
    queries: Iterable[LineageQuery],
    watch: Watch,
    since: datetime | None,
    passed_over: Collection[tuple[str, str]] = (),
) -> Iterator[tuple[datetime, Iterable[Vertex]]]:
    """Yield when each query last read what; `passed_over` are fingerprints and nodes.

    A query that never ran while it was watched ran before; how long before is not known.
    """
    before = _BEFORE if since and watch.first and watch.first < since else _ALWAYS
    for query in queries:
        vertices = [(node, ROWS) for node in query.reads]
        vertices += [
            (use.node, use.column)
            for use in query.uses
            if use.kind is not UseKind.OUTPUT or (query.fingerprint, use.node) not in passed_over
        ]
        yield query.last_seen or before, vertices


def _whole_nodes(traversal: Traversal, queries: Iterable[LineageQuery]) -> set[tuple[str, str]]:
    """Return fingerprints with the nodes of which they return every column, as `select *` does."""
    found = set()
    for query in queries:
        returned: dict[str, set[str]] = {}
        for use in query.uses:
            if use.kind is UseKind.OUTPUT:
                returned.setdefault(use.node, set()).add(use.column)
        found |= {
            (query.fingerprint, node)
            for node, columns in returned.items()
            if len(columns) > 1 and columns.issuperset(traversal.columns_of(node))
        }
    return found


def _last_reads(traversal: Traversal, seeds: _Seeds) -> dict[Vertex, datetime]:
    """Return when each column and node was last read, itself or through what is made from it.

    The latest reads come first, so each vertex is visited once.
    """
    last: dict[Vertex, datetime] = {}
    for moment, vertices in sorted(seeds, key=lambda seed: seed[0], reverse=True):
        front = list(vertices)
        while front:
            vertex = front.pop()
            if vertex in last:
                continue
            last[vertex] = moment
            node, column = vertex
            front += (source(edge) for edge in traversal.edges_into(vertex))
            if column != ROWS:
                front.append((node, ROWS))
            elif traversal.is_opaque(node):
                for edge in traversal.edges_into(vertex):
                    front += _all_of(traversal, source(edge)[0])
    return last


def _moment(last: datetime | None) -> datetime | None:
    return None if last in {_ALWAYS, _BEFORE} else last


def _all_of(traversal: Traversal, node: str) -> list[Vertex]:
    return [(node, ROWS), *((node, column) for column in traversal.columns_of(node))]


def _node(
    traversal: Traversal,
    node: LineageNode,
    read: Mapping[Vertex, datetime],
    runs: Mapping[str, ModelRuns],
    tested: Collection[Vertex],
) -> UnusedNode:
    feeds = {edge.target for edge in traversal.edges_from((node.id, ROWS))}
    run = runs.get(node.id)
    return UnusedNode(
        traversal.place((node.id, ROWS)),
        tuple(sorted(traversal.place((fed, ROWS)) for fed in feeds)),
        _moment(read.get((node.id, ROWS))),
        run.median_us if run else None,
        (node.id, ROWS) in tested,
    )


def _doubts(
    traversal: Traversal, watch: Watch, days: float, queries: Iterable[LineageQuery]
) -> Iterator[str]:
    """Yield why something may be in use all the same, or why something counts as used."""
    if watch.last is None:
        yield "the history holds no captures: no query was ever seen"
    elif watch.days < days:
        yield (
            f"the history covers {watch.days:.1f} days, not {days:g}: "
            "who reads less often was not seen"
        )
    if watch.partial_captures:
        yield f"captures that could not see every role's statements: {watch.partial_captures}"
    if watch.unread:
        yield f"statements that could not be read, they may use any of this: {len(watch.unread)}"
    untimed = sum(query.last_seen is None for query in queries)
    if untimed:
        says = "count as read long ago" if watch.days > days else "count as read since"
        yield f"statements that last ran before they were watched, {says}: {untimed}"
    opaque = [node.name for node in traversal.graph.nodes if traversal.is_opaque(node.id)]
    if opaque:
        yield f"count as using every column of what they read: {', '.join(sorted(opaque))}"
    exposures = [each.name for each in traversal.graph.consumers if is_declared(each)]
    if exposures:
        yield f"exposures, which count as using every column: {', '.join(sorted(exposures))}"
