"""Builds the lineage graph: dbt's nodes, relations that dbt does not know, and who reads them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from dbt_schema_evolve.lineage.code import code_digest
from dbt_schema_evolve.lineage.consumers import declared, observed
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.queries import lineage_queries, readers
from dbt_schema_evolve.lineage.resolution import Filling, Resolve, resolve_in_order
from dbt_schema_evolve.lineage.sql.models import ephemeral_relation
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    IndirectEdge,
    LineageGraph,
    LineageNode,
    LineageQuery,
    NodeLineage,
    RelationEdge,
)
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement

NODE_KINDS = frozenset({"model", "seed", "snapshot", "source"})


def build_graph(
    project: Project,
    schema: LineageSchema,
    statements: Sequence[Statement] = (),
    uses: Mapping[str, QueryUses] | None = None,
    stats: Sequence[QueryStat] = (),
    earlier: Mapping[str, NodeLineage] | None = None,
    resolve: Resolve = resolve_in_order,
) -> LineageGraph:
    """Return the graph of a project and its workload.

    `schema` is the project's (`project_schema`), `uses` are by fingerprint, `earlier` holds what
    was last known of nodes, by id: it stands, marked stale, for a node that is not compiled. A
    model that cannot be resolved keeps its relation-level edges, from the manifest, and is listed
    in `skips`.
    """
    with collection_paused():
        return _built(project, schema, statements, uses or {}, stats, earlier or {}, resolve)


def _built(
    project: Project,
    schema: LineageSchema,
    statements: Sequence[Statement],
    uses: Mapping[str, QueryUses],
    stats: Sequence[QueryStat],
    earlier: Mapping[str, NodeLineage],
    resolve: Resolve,
) -> LineageGraph:
    nodes = _in_order([n for n in (*project.nodes, *project.sources) if _is_vertex(n)])
    ids = {node.unique_id for node in nodes}
    queries = lineage_queries(statements, uses, stats, schema)
    fillings = [*_compiled(nodes), *_beyond_dbt(schema, statements, queries, uses, ids)]
    stale = _stale(nodes, earlier, schema)

    lineages: dict[str, NodeLineage] = {}
    skips: list[Skip] = []
    for outcome in resolve(fillings, schema):
        if isinstance(outcome, Skip):
            skips.append(outcome)
        else:
            lineages[outcome.node] = _united(lineages.get(outcome.node), outcome)
            skips += (Skip(outcome.node, doubt) for doubt in outcome.doubts)
    skips += _left_out(nodes, stale)
    lineages |= stale

    relation_edges = _relation_edges(nodes, ids, lineages.values(), queries)
    dbt_roles, reads = readers(statements, queries, _filled_by_dbt(ids))
    mentioned = {end for edge in relation_edges for end in (edge.source, edge.target)}
    others = mentioned.union(*reads.values()) - ids
    in_order = [lineages[key] for key in sorted(lineages)]
    return LineageGraph(
        nodes=_vertices(nodes, sorted(others), lineages, stale, schema),
        relation_edges=tuple(sorted(relation_edges, key=lambda edge: (edge.target, edge.source))),
        column_edges=tuple(chain.from_iterable(each.column_edges for each in in_order)),
        indirect_edges=tuple(chain.from_iterable(each.indirect_edges for each in in_order)),
        queries=queries,
        consumers=tuple(
            sorted(
                (
                    *declared(project.exposures, ids),
                    *observed(statements, reads, stats, dbt_roles),
                ),
                key=lambda consumer: consumer.id,
            )
        ),
        skips=tuple(sorted(skips, key=lambda skip: (skip.subject, skip.reason))),
    )


def _relation_edges(
    nodes: Iterable[Node],
    ids: Collection[str],
    lineages: Iterable[NodeLineage],
    queries: Iterable[LineageQuery],
) -> set[RelationEdge]:
    """Return what the manifest says, what the SQL says, and what queries move beyond dbt."""
    found = {
        RelationEdge(parent, node.unique_id)
        for node in nodes
        for parent in node.depends_on
        if parent in ids
    }
    found |= {RelationEdge(read, each.node) for each in lineages for read in each.reads}
    found |= {
        RelationEdge(read, query.writes)
        for query in queries
        if query.writes is not None and query.writes not in ids
        for read in query.reads - {query.writes}
    }
    return found


def project_schema(
    project: Project,
    columns: Mapping[RelationName, tuple[Column, ...]],
    views: Mapping[RelationName, str] | None = None,
    search_path: tuple[str, ...] = ("public",),
) -> LineageSchema:
    """Return what names mean in a warehouse that a dbt project fills.

    `columns` and `views` are the warehouse's; the SQL of dbt's views stands in where the
    warehouse's own definition was not read.
    """
    compiled = {
        node.relation: node.compiled_code
        for node in project.models
        if node.relation and node.materialized == "view" and node.compiled_code
    }
    owners: dict[RelationName, str] = {}
    for node in (*project.sources, *project.nodes):  # a model wins over a source of its name
        if not _is_vertex(node):
            continue
        if node.relation is not None:
            owners[node.relation] = node.unique_id
        elif node.materialized == "ephemeral":
            owners[ephemeral_relation(node.name)] = node.unique_id
    return LineageSchema(columns, {**compiled, **(views or {})}, search_path, owners)


def _is_vertex(node: Node) -> bool:
    return node.resource_type in NODE_KINDS


def _in_order(nodes: list[Node]) -> list[Node]:
    """Return nodes after those they depend on, so that each can learn its parents' columns.

    A circle, in a manifest made by hand, is entered somewhere; the order then only costs columns.
    """
    by_id = {node.unique_id: node for node in sorted(nodes, key=lambda node: node.unique_id)}
    placed: dict[str, Node] = {}
    entered: set[str] = set()
    for start in by_id:
        stack = [start]
        while stack:
            key = stack[-1]
            waits_for = [
                parent
                for parent in by_id[key].depends_on
                if parent in by_id and parent not in entered
            ]
            if key not in entered and waits_for:
                stack += waits_for
            else:
                placed.setdefault(stack.pop(), by_id[key])
            entered.add(key)
    return list(placed.values())


def _has_sql(node: Node) -> bool:
    return node.resource_type in {"model", "snapshot"}


def _compiled(nodes: Iterable[Node]) -> Iterator[Filling]:
    for node in nodes:
        if _has_sql(node) and node.language == "sql" and node.compiled_code is not None:
            yield Filling(node.unique_id, node.compiled_code, node.relation)


def _beyond_dbt(
    schema: LineageSchema,
    statements: Sequence[Statement],
    queries: Sequence[LineageQuery],
    uses: Mapping[str, QueryUses],
    ids: Collection[str],
) -> Iterator[Filling]:
    """Yield what fills relations that no dbt node owns: views, and targets of statements."""
    for view in sorted({view for use in uses.values() for view in use.views}):
        key = schema.node_id(view)
        if key not in ids:
            yield Filling(key, schema.views[view], None)
    texts = {statement.fingerprint: statement.text for statement in statements}
    for query in queries:
        if query.writes is not None and query.writes not in ids and query.reads:
            yield Filling(query.writes, texts[query.fingerprint], None)


def _united(one: NodeLineage | None, other: NodeLineage) -> NodeLineage:
    """Return what two statements that fill one relation say together."""
    if one is None:
        return other
    return NodeLineage(
        one.node,
        tuple(dict.fromkeys((*one.columns, *other.columns))),
        tuple(sorted({*one.reads, *other.reads})),
        tuple(sorted({*one.column_edges, *other.column_edges}, key=_by_target)),
        tuple(sorted({*one.indirect_edges, *other.indirect_edges})),
        tuple(sorted({*one.doubts, *other.doubts})),
    )


def _by_target(edge: ColumnEdge) -> tuple[str, ...]:
    return edge.target_column, edge.source, edge.source_column, edge.kind, edge.expression


def _stale(
    nodes: Iterable[Node], earlier: Mapping[str, NodeLineage], schema: LineageSchema
) -> dict[str, NodeLineage]:
    """Return what was known of the nodes that dbt has not compiled this time.

    The schema learns their columns, which statements downstream may ask for.
    """
    stale = {
        node.unique_id: earlier[node.unique_id]
        for node in nodes
        if _has_sql(node) and node.compiled_code is None and node.unique_id in earlier
    }
    for node in nodes:
        if node.unique_id in stale and node.relation is not None:
            columns = stale[node.unique_id].columns
            schema.learn(node.relation, tuple(Column(name, "") for name in columns))
    if stale:  # their edges name nodes that no statement may have asked for
        for relation in (*schema.columns, *schema.views):
            schema.node_id(relation)
    return stale


def _left_out(nodes: Iterable[Node], stale: Collection[str]) -> Iterator[Skip]:
    for node in nodes:
        if not _has_sql(node):
            continue
        if node.language != "sql":
            yield Skip(node.unique_id, f"a {node.language} model: relations only")
        elif node.unique_id in stale:
            yield Skip(node.unique_id, "not compiled this time: its last known edges stand")
        elif node.compiled_code is None:
            yield Skip(node.unique_id, "the manifest holds no compiled code: relations only")


def _filled_by_dbt(ids: Collection[str]) -> frozenset[str]:
    """Return the nodes that dbt fills; a source is filled by somebody else."""
    return frozenset(key for key in ids if not key.startswith("source."))


def _vertices(
    nodes: Sequence[Node],
    others: Iterable[str],
    lineages: Mapping[str, NodeLineage],
    stale: Collection[str],
    schema: LineageSchema,
) -> tuple[LineageNode, ...]:
    """Return every node with its columns: the warehouse's, its statement's, or those in use."""
    owned = {node.unique_id: node.relation for node in nodes} | {
        key: schema.by_id.get(key) for key in others
    }
    known: dict[str, tuple[Column, ...]] = {}
    for key, relation in owned.items():
        if relation in schema.columns:
            known[key] = schema.columns[relation]
        elif key in lineages:
            known[key] = tuple(Column(name, "") for name in lineages[key].columns)
    used = _used_columns(lineages.values(), known)

    def vertex(
        key: str, kind: str, name: str, detail: Detail, built: str = "", code: str = ""
    ) -> LineageNode:
        columns = known.get(key) or used.get(key, ())
        return LineageNode(
            key, kind, name, owned[key], columns, key in used, detail, built, code_digest(code)
        )

    found = []
    for node in nodes:
        detail = _detail(node, lineages, stale)
        said = (node.materialized, node.raw_code)
        found.append(vertex(node.unique_id, node.resource_type, node.name, detail, *said))
    for key in others:  # of one that just stale edges speak of, nothing is left but the id
        kind, _, rest = key.partition(".")
        found.append(vertex(key, kind, str(owned[key] or rest), Detail.COLUMNS))
    return tuple(sorted(found, key=lambda each: each.id))


def _detail(node: Node, lineages: Collection[str], stale: Collection[str]) -> Detail:
    if node.unique_id in stale:
        return Detail.STALE
    is_known = node.unique_id in lineages or not _has_sql(node)
    return Detail.COLUMNS if is_known else Detail.RELATIONS


def _used_columns(
    lineages: Iterable[NodeLineage], known: Collection[str]
) -> dict[str, tuple[Column, ...]]:
    """Return the columns that statements read of nodes whose columns nobody told us."""
    used: dict[str, set[str]] = defaultdict(set)
    for lineage in lineages:
        if all(read in known for read in lineage.reads):
            continue
        edges: tuple[ColumnEdge | IndirectEdge, ...] = lineage.column_edges + lineage.indirect_edges
        for edge in edges:
            if edge.source not in known:
                used[edge.source].add(edge.source_column)
    return {key: tuple(Column(name, "") for name in sorted(names)) for key, names in used.items()}
