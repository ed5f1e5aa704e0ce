"""The same project as each dbt since 1.0 writes it is the same project, with the same lineage."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.ingest.artifacts import read_manifest
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.records.lineage import Detail, LineageGraph
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import RelationName

FOLDER = Path(__file__).parents[2] / "golden" / "manifests"
VERSIONS = (*range(4, 13), 20)
NEWEST = 12


def raw(version: int) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / f"v{version}.json").read_text(encoding="utf-8"))
    return loaded


def read(manifest: dict[str, Any]) -> Project:
    return read_manifest(json.dumps(manifest).encode(), "manifest.json")


def graph(project: Project) -> LineageGraph:
    return build_graph(project, project_schema(project, {}))


def edited(change: Callable[[dict[str, Any]], object], version: int = NEWEST) -> Project:
    manifest = raw(version)
    change(manifest)
    return read(manifest)


def comparable(node: Node) -> Node:
    """Without the settings that each version spells out differently, or leaves out as null."""
    return replace(node, config={}, unrendered_config={})


def test_there_is_a_manifest_of_every_version_that_is_read() -> None:
    assert {int(path.stem[1:]) for path in FOLDER.iterdir()} == set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_tells_of_the_same_nodes(version: int) -> None:
    found, expected = read(raw(version)), read(raw(NEWEST))
    assert list(map(comparable, found.nodes)) == list(map(comparable, expected.nodes))
    assert list(map(comparable, found.sources)) == list(map(comparable, expected.sources))
    assert found.exposures == expected.exposures


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_has_the_same_lineage(version: int) -> None:
    assert graph(read(raw(version))) == graph(read(raw(NEWEST)))


def test_the_project_that_all_of_them_describe() -> None:
    project = read(raw(NEWEST))
    nodes = project.by_id()
    stg = nodes["model.shop.stg_orders"]
    assert stg.raw_code.startswith("select id, amount as total")
    assert stg.compiled_code == ('select id, amount as total, status from "db"."raw"."orders"')
    assert (stg.relation, stg.materialized) == (RelationName("marts", "stg_orders"), "view")
    assert (stg.tags, stg.fqn) == (("nightly",), ("shop", "staging", "stg_orders"))
    assert (stg.path, stg.patch_path) == (
        "models/staging/stg_orders.sql", "models/staging/schema.yml",
    )  # fmt: skip
    assert nodes["seed.shop.codes"].materialized == "seed"
    assert nodes["test.shop.not_null_fct_orders_id.a1b2c3"].relation is None
    assert "analysis.shop.look" not in nodes
    flows = {
        (e.source, e.source_column, e.target, e.target_column) for e in graph(project).column_edges
    }
    assert ("source.shop.raw.orders", "amount", "model.shop.stg_orders", "total") in flows
    assert ("model.shop.fct_orders", "revenue", "snapshot.shop.fct_history", "revenue") in flows


@pytest.mark.parametrize("version", VERSIONS)
def test_what_dbt_parse_and_dbt_test_leave_uncompiled_keeps_its_relations(version: int) -> None:
    def parse(manifest: dict[str, Any]) -> None:
        for node in manifest["nodes"].values():
            for key in ("compiled_code", "compiled_sql", "compiled", "compiled_path"):
                node.pop(key, None)

    found = graph(edited(parse, version))
    assert found.relation_edges == graph(read(raw(NEWEST))).relation_edges
    assert found.column_edges == ()
    details = {node.id: node.detail for node in found.nodes}
    assert details["model.shop.fct_orders"] is Detail.RELATIONS
    assert details["source.shop.raw.orders"] is Detail.COLUMNS


def test_a_manifest_of_nothing_but_its_metadata_is_an_empty_project() -> None:
    metadata = raw(NEWEST)["metadata"]
    project = read({"metadata": metadata, "nodes": {}})
    assert (project.nodes, project.sources, project.exposures) == ((), (), ())
    assert graph(project).nodes == ()


def test_nodes_that_read_each_other_in_a_circle_are_read() -> None:
    def circle(manifest: dict[str, Any]) -> None:
        stg = manifest["nodes"]["model.shop.stg_orders"]
        stg["depends_on"]["nodes"] = ["model.shop.fct_orders"]
        stg["compiled_code"] = 'select id, revenue as total from "db"."marts"."fct_orders"'

    flows = {(e.source, e.target) for e in graph(edited(circle)).column_edges}
    assert ("model.shop.fct_orders", "model.shop.stg_orders") in flows
    assert ("model.shop.stg_orders", "model.shop.fct_orders") in flows


def test_a_parent_that_the_manifest_does_not_hold_costs_its_edge_only() -> None:
    def dangle(manifest: dict[str, Any]) -> None:
        manifest["nodes"]["model.shop.fct_orders"]["depends_on"]["nodes"].append("metric.shop.x")
        manifest["nodes"]["model.shop.fct_orders"]["depends_on"]["nodes"].append("model.gone.y")

    assert graph(edited(dangle)).relation_edges == graph(read(raw(NEWEST))).relation_edges


@pytest.mark.parametrize("adapter", ["snowflake", "bigquery", "duckdb", "Postgres "])
def test_another_dialect_is_refused_and_named(adapter: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        edited(lambda manifest: manifest["metadata"].update(adapter_type=adapter))
    assert f"adapter {adapter}, not for Postgres" in caught.value.problem
    assert "postgres or pgevolve" in caught.value.remedy


@pytest.mark.parametrize("version", [1, 3, 13, 19, 21])
def test_a_version_that_nobody_tried_is_refused_with_the_ones_that_are_read(version: int) -> None:
    def renumber(manifest: dict[str, Any]) -> None:
        name = manifest["metadata"]["dbt_schema_version"]
        manifest["metadata"]["dbt_schema_version"] = re.sub(r"v\d+", f"v{version}", name)

    with pytest.raises(ArtifactError, match=f"v{version} is not one that we read") as caught:
        edited(renumber)
    assert "v4 to v12 and v20" in caught.value.problem


def test_forty_thousand_trivial_nodes_are_read_in_one_go() -> None:
    manifest = raw(NEWEST)
    manifest["nodes"] = {
        f"model.shop.m{number:05}": {
            "resource_type": "model",
            "name": f"m{number:05}",
            "schema": "marts",
            "config": {"materialized": "view"},
            "depends_on": {"nodes": [f"model.shop.m{number - 1:05}"] if number else []},
            "compiled_code": f"select id from marts.m{number - 1:05}"
            if number
            else "select 1 as id",
        }
        for number in range(40_000)
    }
    project = read(manifest)
    assert len(project.models) == 40_000
    found = graph(project)
    assert len(found.nodes) == 40_001
    assert len(found.relation_edges) == 39_999
    assert len(found.column_edges) == 39_999
