"""What people read of the lineage: one file a question, its text and its diagram."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.records.answers import Hop, Place, Reach
from dbt_schema_evolve.records.lineage import Conflict
from dbt_schema_evolve.report import mermaid
from dbt_schema_evolve.report.critical_path_text import critical_path_text
from dbt_schema_evolve.report.impact_text import impact_text
from dbt_schema_evolve.report.lineage_text import paths_text, reach_text, view_text
from dbt_schema_evolve.report.unused_text import unused_text
from tests.unit.lineage.asked import questions
from tests.unit.lineage.test_graph import graph

GOLDEN = Path(__file__).parents[2] / "golden" / "questions"
Answered = tuple[str, str]


def show(name: str) -> Answered:
    found = questions().show(name)
    return view_text(found, 20), mermaid.of_view(found)


def impact(name: str, limit: int = 10) -> Answered:
    found = questions().impact(name)
    return impact_text(found, limit), mermaid.of_impact(found, limit)


def path(start: str, end: str) -> Answered:
    found = questions().path(start, end)
    return paths_text(found), mermaid.of_paths(found)


def reach(found: Reach) -> Answered:
    return reach_text(found, 60), mermaid.of_reach(found)


def unused() -> Answered:
    found = questions().unused()
    return unused_text(found, 20), mermaid.of_unused(found)


def critical_path(selector: str = "") -> Answered:
    found = questions().critical_path(selector)
    return critical_path_text(found, 10), mermaid.of_critical_path(found)


QUESTIONS: dict[str, Callable[[], Answered]] = {
    "show_fct": lambda: show("fct"),
    "show_fct.revenue": lambda: show("fct.revenue"),
    "show_parsed": lambda: show("parsed"),
    "upstream_fct": lambda: reach(questions().upstream("fct")),
    "upstream_fct_columns": lambda: reach(questions().upstream("fct", columns=True)),
    "upstream_fct_group": lambda: reach(questions().upstream("fct", kinds=("group", "identity"))),
    "downstream_orders": lambda: reach(questions().downstream("orders")),
    "downstream_orders.amount": lambda: reach(questions().downstream("orders.amount")),
    "impact_orders.id": lambda: impact("orders.id"),
    "impact_stg_limit_2": lambda: impact("stg", 2),
    "unused": unused,
    "path_orders.amount_fct.revenue": lambda: path("orders.amount", "fct.revenue"),
    "path_orders.id_fct.revenue": lambda: path("orders.id", "fct.revenue"),
    "path_fct_orders": lambda: path("fct", "orders"),
    "critical-path": critical_path,
    "critical-path_stg+": lambda: critical_path("stg+"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_reads_as_the_golden_file_says(name: str) -> None:
    file = GOLDEN / f"{name}.txt"
    found = "\n\n--- mermaid\n".join(QUESTIONS[name]()) + "\n"
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        file.write_text(found, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == found


@pytest.mark.parametrize("name", QUESTIONS)
def test_texts_fit_the_width_of_a_screen(name: str) -> None:
    assert max(map(len, QUESTIONS[name]()[0].splitlines())) <= 100


def test_what_was_left_out_is_counted() -> None:
    text = impact_text(questions().impact("stg"), 1)
    assert "…and 7 more" in text
    tree = reach_text(questions().downstream("orders"), 2)
    assert tree.splitlines()[2] == "…and 6 more lines; --depth or --limit"


def test_marks_and_conflicts_are_said_in_words() -> None:
    conflict = Conflict("model.fct", "id", "tidy.id", "raw.key", "airflow")
    found = questions(replace(graph(), conflicts=(conflict,))).show("fct")
    assert "conflict id: SQL says tidy.id, airflow says raw.key" in view_text(found, 20)
    stale = replace(found, has_inferred_columns=True)
    assert "nobody told of its columns" in view_text(stale, 20)


def test_a_node_met_again_is_shown_once_with_a_mark() -> None:
    a, b, c, d = (Place(name, "", "model", name) for name in "abcd")
    hops = tuple(sorted((Hop(a, c, "rows"), Hop(b, c, "rows"), Hop(d, a, "rows"), Hop(d, b, "rows"),
                         Hop(c, d, "rows"))))  # fmt: skip
    text = reach_text(Reach("upstream", (c,), (), hops), 60)
    assert text.splitlines() == [
        "c (model)",
        "├─ a (model)",
        "│  └─ d (model)",
        "│     └─ c (model) (see above)",
        "└─ b (model)",
        "   └─ d (model) (see above)",
    ]


@given(st.text(), st.text(), st.text())
def test_hostile_names_do_not_break_out_of_a_diagram(name: str, column: str, sql: str) -> None:
    node, other = Place(name, column, "model", "x"), Place(column, "", "source", name)
    drawn = mermaid.flow_chart([Hop(node, other, "expression", sql)], [node])
    shapes = (
        r"graph LR",
        r'  subgraph g\d+\["[^"\n]+"\]',
        r'    n\d+\["[^"\n]+"\]',
        r"  end",
        r'  n\d+(\[\(|\[)"[^"\n]+"(\)\]|\])',
        r'  n\d+ (-->|-\.->)\|"[^"\n]+"\| n\d+',
    )
    for line in drawn.split("\n"):
        assert any(re.fullmatch(shape, line) for shape in shapes), line
        assert not re.search(r"[<>`]", line.replace("-->", "").replace("-.->", "")), line
