"""Artifacts that real projects published: everything is read, and columns are resolved."""

import gzip
from pathlib import Path

import pytest

from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.records.lineage import EdgeKind
from dbt_schema_evolve.records.project import Project
from dbt_schema_evolve.records.relations import Column, RelationName

FOLDER = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "artifacts"
PACKAGES = sorted(path.name for path in FOLDER.glob("*") if path.is_dir())

pytestmark = pytest.mark.skipif(not PACKAGES, reason=f"no real artifacts in {FOLDER}")

Columns = dict[RelationName, tuple[Column, ...]]


def read(package: str) -> tuple[Project, Columns]:
    manifest = FOLDER / package / "manifest.json.gz"
    catalog = FOLDER / package / "catalog.json.gz"
    tables = read_catalog(gzip.decompress(catalog.read_bytes()), str(catalog))
    return read_manifest(gzip.decompress(manifest.read_bytes()), str(manifest)), {
        table.relation: tuple(Column(name, kind) for name, kind in table.columns)
        for table in tables
    }


def test_nearly_every_model_is_resolved_to_columns() -> None:
    models = skipped = edges = 0
    for package in PACKAGES:
        project, columns = read(package)
        graph = build_graph(project, project_schema(project, columns))
        models += len(project.models)
        skipped += len(graph.skips)
        edges += len(graph.column_edges)
    print(f"{models - skipped} of {models} models resolved, {edges} column edges")  # noqa: T201
    assert models > 500
    assert skipped <= models / 100


@pytest.mark.parametrize("package", PACKAGES)
def test_a_models_columns_are_those_that_the_warehouse_has(package: str) -> None:
    """Names and order, against the catalog; each model without the catalog's help for itself."""
    project, columns = read(package)
    for node in project.models:
        known = columns.get(node.relation) if node.relation else None
        if known is None or node.compiled_code is None:
            continue
        schema = project_schema(project, {k: v for k, v in columns.items() if k != node.relation})
        _, _, rows = resolved(node.compiled_code, schema, expand=False)
        if not rows.rests:
            names = [output.name for output in rows.outputs]
            assert names == [column.name for column in known], node.unique_id


@pytest.mark.parametrize("package", PACKAGES)
def test_without_a_catalog_the_edges_that_are_found_are_the_same(package: str) -> None:
    """Columns are learnt from the SQL of the models upstream; only doubt is left out.

    Without types a cast to the type that a column has already is taken for a cast.
    """
    project, columns = read(package)
    without, with_catalog = (
        {
            (edge.source, edge.source_column, edge.target, edge.target_column): edge.kind
            for edge in build_graph(project, project_schema(project, known)).column_edges
        }
        for known in ({}, columns)
    )
    assert without.keys() <= with_catalog.keys()
    assert {with_catalog[ends] for ends, kind in without.items() if kind != with_catalog[ends]} <= {
        EdgeKind.IDENTITY,
        EdgeKind.RENAME,
    }
