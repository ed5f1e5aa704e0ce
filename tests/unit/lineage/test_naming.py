"""The words in which people name nodes, columns and selections."""

from dataclasses import replace

import pytest

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.naming import named
from dbt_schema_evolve.lineage.questions.selectors import Selection
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.project import Exposure, Node, Project
from dbt_schema_evolve.records.relations import RelationName
from tests.unit.lineage.asked import questions
from tests.unit.lineage.graphs import node


def odd(*names: str, columns: tuple[str, ...] = ("x", "Größe", "a.b", "select")) -> Traversal:
    nodes = tuple(
        replace(node(name, columns), id=f"model.{number}.{name}", relation=RelationName("s", name))
        for number, name in enumerate(names)
    )
    return Traversal(LineageGraph(nodes, (), ()))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("orders", ROWS),
        ("model.0.orders", ROWS),
        ("s.orders", ROWS),
        ("orders.x", "x"),
        ("s.orders.x", "x"),
        ("model.0.orders.x", "x"),
        ('orders."Größe"', "Größe"),
        ("orders.Größe", "Größe"),
        ("orders.a.b", "a.b"),
        ("orders.select", "select"),
    ],
)
def test_a_node_or_column_is_found_by_each_of_its_names(name: str, column: str) -> None:
    assert named(odd("orders", "other"), name) == ("model.0.orders", column)


def test_a_name_with_dots_and_spaces_is_tried_whole_first() -> None:
    traversal = odd("Quote je. Region")
    assert named(traversal, "Quote je. Region") == ("model.0.Quote je. Region", ROWS)
    assert named(traversal, 's."Quote je. Region".x') == ("model.0.Quote je. Region", "x")


def test_an_ambiguous_name_is_answered_with_the_ids() -> None:
    with pytest.raises(ProjectError, match="2 nodes") as caught:
        named(odd("orders", "orders"), "orders")
    assert "model.0.orders, model.1.orders" in caught.value.remedy
    with pytest.raises(ProjectError, match="2 columns") as caught:
        named(odd("orders", "orders"), "orders.x")
    assert "model.1.orders.x" in caught.value.remedy


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    traversal = odd("orders", "customers")
    for name, remedy in {
        "order": "did you mean orders?",
        "orders.Grösse": "did you mean orders.Größe?",
        "orders.nothing_like_it": "see `schema-evolve lineage show orders`",
        "zzz": "see `dbt ls`",
    }.items():
        with pytest.raises(ProjectError) as caught:
            named(traversal, name)
        assert caught.value.remedy == remedy


def dbt_node(unique_id: str, *parents: str, **settings: object) -> Node:
    kind, package, *_ = unique_id.split(".")
    name = unique_id.rpartition(".")[2]
    parts = {"name": name, "fqn": (package, "marts", name), "depends_on": parents}
    parts |= {"path": f"models/marts/{name}.sql"} | settings
    return Node(unique_id, kind, package=package, relation=None, materialized="", **parts)  # type: ignore[arg-type]


PROJECT = Project(
    "shop", "postgres", "1.11", "i", "",
    (
        dbt_node("model.shop.a"),
        dbt_node("model.shop.b", "model.shop.a", config={"meta": {"team": "x"}, "tags": ["t"]}),
        dbt_node("model.shop.o.v1", name="o", fqn=("shop", "marts", "o", "v1")),
        dbt_node("model.shop.o.v2", name="o", fqn=("shop", "marts", "o", "v2"), tags=("new",)),
        dbt_node("test.shop.t", "model.shop.b", "model.shop.o.v1"),
    ),
    (dbt_node("source.shop.raw.orders", name="orders"),),
    (Exposure("exposure.shop.board", "board", "dashboard", "Ann", ("model.shop.b",),
              package="shop", tags=("new",)),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "ids"),
    [
        ("o", "o.v1 o.v2"),
        ("o.v1", "o.v1"),
        ("o_v2", "o.v2"),
        ("tag:new", "o.v2 exposure"),
        ("tag:new,resource_type:model", "o.v2"),
        ("config.meta.team:x", "b"),
        ("config.tags:t", "b"),
        ("config.meta:x", ""),
        ("+exposure:board", "a b exposure"),
        ("exposure:shop.board", "exposure"),
        ("1+exposure:*", "b exposure"),
        ("source:raw", "orders"),
        ("source:shop.raw.orders", "orders"),
        ("orders", ""),
        ("a+", "a b t exposure"),
        ("a+1", "a b"),
        # What is tested together with b is an ancestor of the test.
        ("@a", "a b t o.v1 exposure"),
        ("path:models/**/o.sql", ""),
        ("path:./models/marts/a.sql", "a"),
        ("package:other", ""),
    ],
)
def test_a_selector_selects(selector: str, ids: str) -> None:
    short = {
        key.removeprefix("exposure.shop.board").rpartition("shop.")[2].removeprefix("raw.")
        or "exposure"
        for key in Selection(PROJECT).select(selector)
    }
    assert short == set(ids.split())


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ("state:modified", "state: is not supported here"),
        ("result:error", "result: is not supported here"),
        ("metric:x", "metric: selects nothing"),
        ("config:x", "config: selects nothing"),
        ("tag.x:y", "tag: selects nothing"),
        ("@a+", "'@a+' has both @ and a + behind it"),
        ("a,", "'' is no selector"),
        ("+", "'+' is no selector"),
        ("source:a.b.c.d", "source:a.b.c.d has too many parts"),
    ],
)
def test_what_cannot_be_selected_is_refused_clearly(selector: str, problem: str) -> None:
    with pytest.raises(ProjectError) as caught:
        Selection(PROJECT).select(selector)
    assert caught.value.problem == problem
    assert caught.value.remedy


def test_a_question_takes_names_and_selectors_alike() -> None:
    asked = questions()
    assert asked.upstream("stg fct").starts == asked.upstream("fct stg").starts
    assert [str(place) for place in asked.upstream("exposure:board").starts] == ["fct"]
    assert [str(place) for place in asked.upstream("fct.id").starts] == ["fct.id"]
    assert len(asked.upstream("fct", kinds=("group",)).starts) == 2
    with pytest.raises(ProjectError, match="nothing is selected by 'fctt'") as caught:
        asked.upstream("fctt")
    assert caught.value.remedy == "did you mean fct?"
