"""What programs read: records under the names of their fields."""

import json

import pytest

from dbt_schema_evolve.cli import render
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, LineageGraph, RelationEdge


def test_json_names_the_fields_of_edges(capsys: pytest.CaptureFixture[str]) -> None:
    edge = ColumnEdge("a", "x", "b", "y", EdgeKind.RENAME)
    render.show_json(LineageGraph((), (RelationEdge("a", "b"),), (edge,)))
    printed = json.loads(capsys.readouterr().out)
    assert printed["relation_edges"] == [{"source": "a", "target": "b", "origin": "sql"}]
    assert printed["column_edges"][0]["target_column"] == "y"
