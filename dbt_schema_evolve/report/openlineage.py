"""The lineage graph as OpenLineage: one static job event for each node that is made from others."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from dbt_schema_evolve import __version__
from dbt_schema_evolve.lineage.reported.datasets import DBT, joined, name_outside
from dbt_schema_evolve.records.etl import OUR_PRODUCER, Home
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
)

_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent"
_SCHEMA = f"{_SPEC}/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
_LINEAGE = f"{_SPEC}/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
_PRODUCER = f"{OUR_PRODUCER}/{__version__}"

_DIRECT = {
    EdgeKind.IDENTITY: "IDENTITY",
    EdgeKind.RENAME: "IDENTITY",
    EdgeKind.CAST: "TRANSFORMATION",
    EdgeKind.EXPRESSION: "TRANSFORMATION",
    EdgeKind.AGGREGATE: "AGGREGATION",
    EdgeKind.WINDOW: "TRANSFORMATION",
}
_INDIRECT = {
    IndirectKind.FILTER: "FILTER",
    IndirectKind.JOIN: "JOIN",
    IndirectKind.GROUP: "GROUP_BY",
    IndirectKind.ORDER: "SORT",
    IndirectKind.WINDOW: "WINDOW",
}

_Json = dict[str, Any]


def openlineage_lines(graph: LineageGraph, home: Home, at: datetime) -> Iterator[str]:
    """Yield events as JSON, one a line, by node; `at` is the time that they carry.

    They are job events, which tell how things are, because nothing ran.
    """
    nodes = {node.id: node for node in graph.nodes}
    inputs: dict[str, set[str]] = defaultdict(set)
    columns: dict[str, list[ColumnEdge]] = defaultdict(list)
    rows: dict[str, list[IndirectEdge]] = defaultdict(list)
    for relation_edge in graph.relation_edges:
        inputs[relation_edge.target].add(relation_edge.source)
    for edge in graph.column_edges:
        inputs[edge.target].add(edge.source)
        columns[edge.target].append(edge)
    for row in graph.indirect_edges:
        inputs[row.target].add(row.source)
        rows[row.target].append(row)
    time = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    for key in sorted(inputs):
        output = _dataset(nodes[key], home)
        output["facets"] |= _lineage(columns[key], rows[key], nodes, home)
        event = {
            "eventTime": time,
            "producer": _PRODUCER,
            "schemaURL": _EVENT,
            "job": {"namespace": DBT, "name": key},
            "inputs": [_dataset(nodes[source], home) for source in sorted(inputs[key])],
            "outputs": [output],
        }
        yield msgspec.json.encode(event).decode()


def _named(node: LineageNode, home: Home) -> dict[str, str]:
    if node.relation is not None:
        full_name = joined(home.database, node.relation.schema, node.relation.name)
        return {"namespace": home.namespace, "name": full_name}
    if node.kind == "dataset":
        name = name_outside(node)
        return {"namespace": name.namespace, "name": name.name}
    return {"namespace": DBT, "name": node.id}


def _dataset(node: LineageNode, home: Home) -> _Json:
    fields = [
        {"name": column.name} | ({"type": column.type} if column.type else {})
        for column in node.columns
        if not node.has_inferred_columns
    ]
    facets = {"schema": _facet(_SCHEMA, fields=fields)} if fields else {}
    return {**_named(node, home), "facets": facets}


def _lineage(
    columns: Iterable[ColumnEdge],
    rows: Iterable[IndirectEdge],
    nodes: Mapping[str, LineageNode],
    home: Home,
) -> _Json:
    """Return the facet: inputs by output column, and those that decide about rows once for all."""
    fields: dict[str, dict[tuple[str, str], list[_Json]]] = defaultdict(lambda: defaultdict(list))
    for edge in columns:
        step = {"type": "DIRECT", "subtype": _DIRECT[edge.kind]}
        if edge.expression:
            step["description"] = edge.expression
        fields[edge.target_column][edge.source, edge.source_column].append(step)
    whole: dict[tuple[str, str], list[_Json]] = defaultdict(list)
    for row in rows:
        whole[row.source, row.source_column].append(
            {"type": "INDIRECT", "subtype": _INDIRECT[row.kind]}
        )
    if not fields and not whole:
        return {}
    return {
        "columnLineage": _facet(
            _LINEAGE,
            fields={
                column: {"inputFields": list(_inputs(found, nodes, home))}
                for column, found in sorted(fields.items())
            },
            dataset=list(_inputs(whole, nodes, home)),
        )
    }


def _inputs(
    found: Mapping[tuple[str, str], list[_Json]], nodes: Mapping[str, LineageNode], home: Home
) -> Iterator[_Json]:
    for (node, column), steps in sorted(found.items()):
        yield {**_named(nodes[node], home), "field": column, "transformations": steps}


def _facet(schema: str, **values: Any) -> _Json:
    return {"_producer": _PRODUCER, "_schemaURL": schema, **values}
