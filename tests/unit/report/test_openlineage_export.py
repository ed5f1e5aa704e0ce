"""What we write is OpenLineage, and says what the graph says."""

import gzip
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openlineage.client import event_v2, facet_v2
from referencing import Registry, Resource

from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest
from dbt_schema_evolve.ingest.openlineage import read_events
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.reported.events import with_events
from dbt_schema_evolve.lineage.reported.reports import seen_reports
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import EtlEvent, Home
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    Origin,
    RelationEdge,
)
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.report.openlineage import openlineage_lines
from tests.unit.lineage.test_events import GRAPH, HOME, SCHEMA, merged, read

GOLDEN = Path(__file__).parents[2] / "golden" / "openlineage"
ARTIFACTS = Path(__file__).parents[4] / "shared" / "data" / "artifacts"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@cache
def validators() -> dict[str, Draft202012Validator]:
    """The spec's schemas by name; references among them are answered from the files."""
    schemas = {path.stem: json.loads(path.read_text()) for path in GOLDEN.glob("spec/*.json")}
    registry = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    return {
        name: Draft202012Validator(schema, registry=registry) for name, schema in schemas.items()
    }


def check(event: dict[str, Any]) -> None:
    validators()["OpenLineage"].validate(event)
    for dataset in [*event["inputs"], *event["outputs"]]:
        for name in ("Schema", "ColumnLineage"):
            validators()[f"{name}DatasetFacet"].validate(dataset["facets"])


def written(graph: LineageGraph, home: Home = HOME) -> list[dict[str, Any]]:
    return [json.loads(line) for line in openlineage_lines(graph, home, NOON)]


def read_back(graph: LineageGraph, schema: LineageSchema, home: Home = HOME) -> LineageGraph:
    content = "\n".join(openlineage_lines(graph, home, NOON)).encode()
    events = list(read_events(content, "ours"))
    assert all(isinstance(event, EtlEvent) for event in events)
    found = seen_reports(event for event in events if isinstance(event, EtlEvent))
    return with_events(graph, found, schema, home)


def agrees(found: LineageGraph, graph: LineageGraph) -> None:
    """Every edge is now said by both, and nothing else is new."""
    assert found.conflicts == ()
    assert found.skips == graph.skips
    assert found.nodes == graph.nodes
    for edges, before in (
        (found.relation_edges, graph.relation_edges),
        (found.column_edges, graph.column_edges),
        (found.indirect_edges, graph.indirect_edges),
    ):
        assert len(edges) == len(before)
        assert {edge.origin for edge in edges} <= {Origin.BOTH}


def test_every_event_is_valid_against_the_specs_schemas() -> None:
    events = written(merged(read("airflow.jsonl", "spark.json")))
    assert len(events) == 5
    for event in events:
        check(event)


def test_the_schemas_refuse_what_is_not_valid() -> None:
    (event, *_) = written(GRAPH)
    broken = [
        {**event, "eventTime": None},
        {key: value for key, value in event.items() if key != "job"},
        {**event, "outputs": [{"name": "no namespace", "facets": {}}]},
        {
            **event,
            "outputs": [{**event["outputs"][0], "facets": {"columnLineage": {"fields": {}}}}],
        },
    ]
    for each in broken:
        with pytest.raises(Exception, match=r"is not|required|valid"):
            check(each)


def test_the_official_clients_classes_take_every_event() -> None:
    """They were generated from the same schemas, and know each facet's fields by name."""
    column_lineage, schema = facet_v2.column_lineage_dataset, facet_v2.schema_dataset
    for event in written(GRAPH):
        (output,) = event["outputs"]
        facets = {}
        for key, kind in (
            ("columnLineage", column_lineage.ColumnLineageDatasetFacet),
            ("schema", schema.SchemaDatasetFacet),
        ):
            if key in output["facets"]:
                given = dict(output["facets"][key])
                facets[key] = kind(producer=given.pop("_producer"), **_without_url(given))
                assert facets[key]._schemaURL == output["facets"][key]["_schemaURL"]
        made = event_v2.JobEvent(
            eventTime=event["eventTime"],
            producer=event["producer"],
            job=event_v2.Job(**event["job"]),
            outputs=[event_v2.OutputDataset(output["namespace"], output["name"], facets)],
        )
        assert made.schemaURL == event["schemaURL"]


def _without_url(facet: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facet.items() if key != "_schemaURL"}


def test_columns_come_with_what_happens_to_them_and_rows_are_told_of_once() -> None:
    fct = next(e for e in written(GRAPH) if e["job"]["name"] == "model.shop.fct_orders")
    assert [each["name"] for each in fct["inputs"]] == ["model.shop.tidy"]
    facets = fct["outputs"][0]["facets"]
    assert facets["columnLineage"]["fields"]["revenue"]["inputFields"] == [
        {
            "namespace": "dbt",
            "name": "model.shop.tidy",
            "field": "twice",
            "transformations": [
                {"type": "DIRECT", "subtype": "AGGREGATION", "description": "SUM(t.twice)"}
            ],
        }
    ]
    assert facets["columnLineage"]["dataset"] == [
        {
            "namespace": "dbt",
            "name": "model.shop.tidy",
            "field": "customer_id",
            "transformations": [{"type": "INDIRECT", "subtype": "GROUP_BY"}],
        }
    ]
    assert facets["schema"]["fields"][1] == {"name": "revenue", "type": "numeric"}


def test_the_same_graph_is_the_same_text() -> None:
    assert list(openlineage_lines(GRAPH, HOME, NOON)) == list(openlineage_lines(GRAPH, HOME, NOON))


def test_what_we_wrote_agrees_with_us_when_it_is_read_back() -> None:
    agrees(read_back(GRAPH, SCHEMA), GRAPH)


def test_a_graph_with_data_sets_outside_is_read_back_as_it_was() -> None:
    graph = merged(read("airflow.jsonl", "spark.json", "dbt-ol.jsonl"))
    found = read_back(graph, SCHEMA)
    assert (found.nodes, found.conflicts) == (graph.nodes, ())
    assert {edge[:5] for edge in found.column_edges} == {edge[:5] for edge in graph.column_edges}


@pytest.mark.parametrize("folder", sorted(ARTIFACTS.glob("*/")), ids=lambda path: path.name)
def test_real_packages_are_valid_and_agree_with_themselves(folder: Path) -> None:
    project = read_manifest(gzip.decompress((folder / "manifest.json.gz").read_bytes()), "manifest")
    tables = read_catalog(gzip.decompress((folder / "catalog.json.gz").read_bytes()), "catalog")
    columns = {t.relation: tuple(Column(*each) for each in t.columns) for t in tables}
    schema = project_schema(project, columns)
    graph = build_graph(project, schema)
    agrees(read_back(graph, schema), graph)
    for event in written(graph):
        check(event)


names = st.text(min_size=1, max_size=8)
kinds = st.sampled_from(EdgeKind)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[LineageGraph, LineageSchema]:
    """Nodes with any names, some of them ephemeral, and edges between any of their columns."""
    relations = draw(
        st.lists(st.builds(RelationName, names, names), min_size=1, max_size=4, unique=True)
    )
    columns = [
        tuple(Column(name, draw(st.sampled_from(["bigint", "text", "jsonb", "made.up"])))
              for name in draw(st.lists(names, min_size=1, max_size=3, unique_by=str.lower)))
        for _ in relations
    ]  # fmt: skip
    nodes = [
        LineageNode(f"model.p.{number}", "model", f"{number}", relation, held)
        for number, (relation, held) in enumerate(zip(relations, columns, strict=True))
    ]
    nodes.append(LineageNode("model.p.ephemeral", "model", "ephemeral", None, (Column("e", ""),)))
    places = st.sampled_from([(node.id, column.name) for node in nodes for column in node.columns])
    ends = [
        (*draw(places), *draw(places)) for _ in range(draw(st.integers(min_value=0, max_value=6)))
    ]
    column_edges = {
        end: ColumnEdge(*end, kind, "" if kind in {"identity", "rename"} else "f(x)")
        for end in ends
        for kind in [draw(kinds)]
    }
    indirect = {
        IndirectEdge(*draw(places), draw(places)[0], draw(st.sampled_from(IndirectKind)))
        for _ in range(draw(st.integers(min_value=0, max_value=3)))
    }
    relation_edges = {RelationEdge(edge.source, edge.target) for edge in column_edges.values()}
    relation_edges |= {RelationEdge(edge.source, edge.target) for edge in indirect}
    schema = LineageSchema(
        dict(zip(relations, columns, strict=True)),
        owners={node.relation: node.id for node in nodes if node.relation is not None},
    )
    graph = LineageGraph(
        tuple(sorted(nodes, key=lambda node: node.id)),
        tuple(sorted(relation_edges)),
        tuple(sorted(column_edges.values())),
        tuple(sorted(indirect)),
    )
    return graph, schema


@given(graphs())
def test_any_graph_agrees_with_itself(drawn: tuple[LineageGraph, LineageSchema]) -> None:
    graph, schema = drawn
    agrees(read_back(graph, schema), graph)
    for event in written(graph):
        check(event)
