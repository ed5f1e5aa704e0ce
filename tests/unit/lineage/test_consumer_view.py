"""From a route to its queries to the columns that they need."""

import pytest

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.consumer import only
from dbt_schema_evolve.records.answers import ConsumerView
from dbt_schema_evolve.report import mermaid
from dbt_schema_evolve.report.consumer_text import consumer_text
from tests.unit.lineage.asked import questions
from tests.unit.lineage.test_graph import graph


def view(name: str) -> ConsumerView:
    found = questions().show(name)
    assert isinstance(found, ConsumerView)
    return found


def test_a_route_is_shown_with_its_queries_and_their_columns() -> None:
    (query,) = view("shop /orders").queries
    assert query.label == "select revenue from marts.fct where id = $1"
    assert [str(place) for place in query.columns] == ["fct.id", "fct.revenue"]
    assert consumer_text(view("shop /orders"), 20).splitlines() == [
        "shop /orders  (route)",
        "  asks     16 calls, 609 µs in all, last 2026-01-01",
        "  reads    fct",
        "",
        "  16 calls, 609 µs in all: select revenue from marts.fct where id = $1",
        "    uses     fct.id, fct.revenue",
    ]


def test_an_exposure_says_that_it_is_only_declared() -> None:
    text = consumer_text(view("board"), 20)
    assert "names nodes, not columns" in text
    assert "fct" in text


def test_a_route_is_drawn_behind_its_query_behind_its_columns() -> None:
    drawn = mermaid.of_consumer(view("consumer.route.shop /orders"))
    assert "n1 --> n2" in drawn  # a column into the query
    assert 'n2 -.->|"16 calls"| n0' in drawn  # the query into the route


def test_two_consumers_of_one_name_are_told_apart_by_their_ids() -> None:
    with pytest.raises(ProjectError, match="the name of 2 consumers") as caught:
        only(graph().consumers[:2], "web")
    assert graph().consumers[0].id in caught.value.remedy


def test_what_is_neither_node_nor_consumer_is_an_error() -> None:
    with pytest.raises(ProjectError, match="no model or column"):
        questions().show("nobody")
