"""What programs read: records under the names of their fields."""

import json

import pytest

from dbt_schema_evolve.cli import render
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, LineageGraph, RelationEdge
from dbt_schema_evolve.records.workload import Skip


def test_json_names_the_fields_of_edges(capsys: pytest.CaptureFixture[str]) -> None:
    edge = ColumnEdge("a", "x", "b", "y", EdgeKind.RENAME)
    render.show_json(LineageGraph((), (RelationEdge("a", "b"),), (edge,)))
    printed = json.loads(capsys.readouterr().out)
    assert printed["relation_edges"] == [{"source": "a", "target": "b", "origin": "sql"}]
    assert printed["column_edges"][0]["target_column"] == "y"


def test_reasons_that_differ_in_figures_only_are_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    days = [Skip(f"q{n}", f"not seen for {n} days") for n in range(30, 60)]
    render.skips([*days, Skip("r", 'relation "gone" does not exist')], "facts")
    assert capsys.readouterr().err.splitlines() == [
        "31 facts left out:",
        "  q30 and 29 more: not seen for 30 days",
        '  r: relation "gone" does not exist',
    ]


def test_reasons_beyond_a_screenful_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    render.skips([Skip(letter, f"because of {letter}") for letter in "abc"], "facts", most=2)
    assert capsys.readouterr().err.splitlines()[-1] == "  and 1 other reason"


def test_a_query_is_named_by_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    text = "select name from orders where status = $1 and ordered_at > $2"
    render.skips([Skip("5e4b", "no such column")], "facts", {"5e4b": text})
    assert capsys.readouterr().err.splitlines()[-1] == (
        "  `select name from orders where status = $1 and …`: no such column"
    )
