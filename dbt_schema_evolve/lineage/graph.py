"""Builds the lineage graph: dbt's nodes, relations that dbt does not know, and who reads them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from dbt_schema_evolve.lineage.consumers import declared, observed
from dbt_schema_evolve.lineage.models import Edges, edges_into, ephemeral_relation, model_lineage
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    LineageGraph,
    LineageNode,
    RelationEdge,
)
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement

NODE_KINDS = frozenset({"model", "seed", "snapshot", "source"})


def build_graph(
    project: Project,
    columns: Mapping[RelationName, tuple[Column, ...]],
    statements: Sequence[Statement] = (),
    uses: Mapping[str, QueryUses] | None = None,
    stats: Sequence[QueryStat] = (),
    views: Mapping[RelationName, str] | None = None,
    search_path: tuple[str, ...] = ("public",),
) -> LineageGraph:
    """Return the graph of a project and its workload.

    `columns` and `views` are the warehouse's, `uses` are by fingerprint. A model that cannot be
    resolved keeps its relation-level edges, from the manifest, and is listed in `skips`.
    """
    uses = uses or {}
    schema = project_schema(project, columns, views, search_path)
    nodes = _in_order([n for n in (*project.nodes, *project.sources) if _is_vertex(n)])
    vertices = {node.unique_id for node in nodes}
    relation_edges = {
        RelationEdge(parent, node.unique_id)
        for node in nodes
        for parent in node.depends_on
        if parent in vertices
    }
    column_edges: set[ColumnEdge] = set()
    skips: list[Skip] = []
    found = [_node_edges(node, schema) for node in nodes]
    for edges in (*found, *_warehouse_edges(schema, statements, uses, vertices)):
        if isinstance(edges, Skip):
            skips.append(edges)
        elif edges is not None:
            column_edges.update(edges[0])
            relation_edges.update(edges[1])

    dbt_roles, reads = _readers(statements, uses, schema, vertices)
    consumers = (
        *declared(project.exposures, vertices),
        *observed(statements, reads, stats, dbt_roles),
    )
    mentioned = {end for edge in relation_edges for end in (edge.source, edge.target)}
    unknown = mentioned.union(*reads.values()) - vertices
    return LineageGraph(
        nodes=tuple(
            sorted(
                [_vertex(node) for node in nodes]
                + [_relation_vertex(key, schema.by_id[key]) for key in unknown],
                key=lambda node: node.id,
            )
        ),
        relation_edges=tuple(sorted(relation_edges)),
        column_edges=tuple(sorted(column_edges)),
        consumers=tuple(sorted(consumers, key=lambda consumer: consumer.id)),
        skips=tuple(sorted(skips, key=lambda skip: (skip.subject, skip.reason))),
    )


def project_schema(
    project: Project,
    columns: Mapping[RelationName, tuple[Column, ...]],
    views: Mapping[RelationName, str] | None = None,
    search_path: tuple[str, ...] = ("public",),
) -> LineageSchema:
    """Return what names mean in a warehouse that a dbt project fills.

    The SQL of dbt's views stands in where the warehouse's own definition was not read.
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
    """Return nodes after those they depend on, so that each can learn its parents' columns."""
    by_id = {node.unique_id: node for node in sorted(nodes, key=lambda node: node.unique_id)}
    sorter = TopologicalSorter(
        {key: [d for d in node.depends_on if d in by_id] for key, node in by_id.items()}
    )
    try:
        return [by_id[key] for key in sorter.static_order()]
    except CycleError:  # only in a manifest made by hand; the order then only costs columns
        return list(by_id.values())


def _node_edges(node: Node, schema: LineageSchema) -> Edges | Skip | None:
    if node.resource_type not in {"model", "snapshot"}:
        return None
    if node.language != "sql":
        return Skip(node.unique_id, f"a {node.language} model: relations only")
    if node.compiled_code is None:
        return Skip(node.unique_id, "the manifest holds no compiled code: relations only")
    return model_lineage(node, node.compiled_code, schema)


def _warehouse_edges(
    schema: LineageSchema,
    statements: Sequence[Statement],
    uses: Mapping[str, QueryUses],
    vertices: Collection[str],
) -> Iterator[Edges | Skip]:
    """Yield the edges into relations that no dbt node owns: views, and targets of statements."""
    for view in sorted({view for use in uses.values() for view in use.views}):
        key = schema.node_id(view)
        if key not in vertices:
            yield edges_into(key, schema.views[view], schema)
    for statement in statements:
        use = uses.get(statement.fingerprint)
        if use is None or use.writes is None or not use.reads:
            continue
        key = schema.node_id(use.writes)
        if key not in vertices:
            found = edges_into(key, statement.text, schema)
            relations = tuple(
                RelationEdge(schema.node_id(read), key) for read in use.reads - {use.writes}
            )
            yield found if not isinstance(found, Skip) else ((), relations)


def _readers(
    statements: Sequence[Statement],
    uses: Mapping[str, QueryUses],
    schema: LineageSchema,
    vertices: Collection[str],
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Return the roles that dbt runs as, and the nodes that everybody else's queries read."""
    dbt_roles: set[str] = set()
    reads: dict[str, frozenset[str]] = {}
    for statement in statements:
        use = uses.get(statement.fingerprint)
        writes = use.writes if use is not None else None
        fills_model = writes is not None and _is_built(schema.node_id(writes), vertices)
        if statement.node_id or ("application", "dbt") in statement.tags or fills_model:
            dbt_roles |= statement.roles
        elif use is not None and writes is None:
            reads[statement.fingerprint] = frozenset(schema.node_id(read) for read in use.reads)
    return frozenset(dbt_roles), reads


def _is_built(key: str, vertices: Collection[str]) -> bool:
    """Return whether dbt fills a node; a source is filled by somebody else."""
    return key in vertices and not key.startswith("source.")


def _vertex(node: Node) -> LineageNode:
    return LineageNode(node.unique_id, node.resource_type, node.name, node.relation)


def _relation_vertex(key: str, relation: RelationName) -> LineageNode:
    return LineageNode(key, "relation", str(relation), relation)
