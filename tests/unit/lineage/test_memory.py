"""What was worked out once is not worked out again, unless what it rests on has changed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends import lineage_workers
from dbt_schema_evolve.backends.lineage_cache import packed, unpacked
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.memory import Memory, one_by_one
from dbt_schema_evolve.lineage.resolution import Filling
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, RelationName

Columns = dict[RelationName, tuple[Column, ...]]

RAW = RelationName("raw", "t")
RAW_COLUMNS = tuple(Column(name, "integer") for name in "abc")
SQL = {
    "one": "select a, b as x from raw.t",
    "two": "select * from m.one",
    "three": "select x, max(a) as top from m.two where a > 0 group by x",
    "four": "with __dbt__cte__five as (select a from raw.t) select a from __dbt__cte__five",
    "five": "select a from raw.t",
    "broken": "select from where",
}
KNOWN = {
    RelationName("m", name): (Column("a", "int"), Column("x", "int")) for name in ("one", "two")
}


def project(sql: dict[str, str]) -> Project:
    order = list(sql)
    nodes = tuple(
        Node(
            f"model.{name}", "model", name, "p",
            None if name == "five" else RelationName("m", name),
            "ephemeral" if name == "five" else "table", f"{name}.sql",
            depends_on=tuple(f"model.{one}" for one in order if f"m.{one} " in f"{text} "),
            compiled_code=text,
        )
        for name, text in sql.items()
    )  # fmt: skip
    source = Node("source.raw.t", "source", "t", "p", RAW, "", "s.yml")
    return Project("p", "postgres", "1.11", "i", "", nodes, (source,), ())


def built(sql: dict[str, str], columns: Columns, memory: Memory) -> LineageGraph:
    made = project(sql)
    return build_graph(made, project_schema(made, columns), resolve=memory)


def remembering(sql: dict[str, str], columns: Columns) -> Memory:
    memory = Memory()
    built(sql, columns, memory)
    return memory


@pytest.mark.parametrize("known", [{}, KNOWN], ids=["no_catalog", "catalog"])
def test_what_has_not_changed_is_not_read_again(known: Columns) -> None:
    columns = {RAW: RAW_COLUMNS, **known}
    first = remembering(SQL, columns)
    assert first.news == len(SQL)
    second = Memory(unpacked(packed(first.kept)))
    assert built(SQL, columns, second) == built(SQL, columns, Memory())
    assert second.news == 0


def test_a_changed_statement_is_read_again_and_so_are_those_whose_parents_columns_changed() -> None:
    columns = {RAW: RAW_COLUMNS}
    changed = SQL | {"one": "select a, b as x, c from raw.t"}
    memory = Memory(remembering(SQL, columns).kept)
    assert built(changed, columns, memory) == built(changed, columns, Memory())
    assert memory.news == 3  # `one`, `two` that says `*`, and `three` that reads `two`


def test_a_statement_that_changed_but_not_in_its_columns_leaves_its_children_alone() -> None:
    columns = {RAW: RAW_COLUMNS}
    changed = SQL | {"one": "select a, b + 1 as x from raw.t"}
    memory = Memory(remembering(SQL, columns).kept)
    assert built(changed, columns, memory) == built(changed, columns, Memory())
    assert memory.news == 1


def test_a_relation_that_appears_earlier_in_the_search_path_is_noticed() -> None:
    here, there = RelationName("here", "t"), RelationName("there", "t")
    filling = Filling("model.m", "select a from t", RelationName("m", "m"))
    node = Node("model.m", "model", "m", "p", filling.relation, "table", "m.sql",
                compiled_code=filling.sql)  # fmt: skip
    made = replace(project({}), nodes=(node,))
    held: tuple = ()
    only_there = {there: RAW_COLUMNS}
    for columns, source in (
        (only_there, "relation.there.t"),
        ({**only_there, here: RAW_COLUMNS}, "relation.here.t"),
    ):
        memory = Memory(held)
        schema = project_schema(made, columns, search_path=("here", "there"))
        (edge,) = build_graph(made, schema, resolve=memory).column_edges
        assert edge.source == source
        held = memory.kept


def test_a_second_relation_of_a_name_that_no_search_path_holds_is_noticed() -> None:
    one, other = RelationName("a", "t"), RelationName("b", "t")
    node = Node("model.m", "model", "m", "p", RelationName("m", "m"), "table", "m.sql",
                compiled_code="select a from t")  # fmt: skip
    made = replace(project({}), nodes=(node,))
    memory = Memory()
    graph = build_graph(made, project_schema(made, {one: RAW_COLUMNS}), resolve=memory)
    assert graph.column_edges[0].source == "relation.a.t"
    again = Memory(memory.kept)
    both = project_schema(made, {one: RAW_COLUMNS, other: RAW_COLUMNS})
    assert build_graph(made, both, resolve=again).column_edges[0].source == "relation.public.t"
    assert again.news == 1


texts = st.sampled_from(
    [
        "select a, b as x from raw.t", "select a, c as x from raw.t where b = 1",
        "select * from raw.t", "select * from m.one", "select x from m.one",
        "select o.*, w.a as again from m.one as o join m.two as w on w.a = o.a",
        "select from", "select count(*) as n from m.two",
    ]
)  # fmt: skip
states = st.tuples(
    st.fixed_dictionaries({"one": texts, "two": texts, "three": texts}),
    st.sampled_from([RAW_COLUMNS, RAW_COLUMNS[:2], (Column("a", "bigint"), *RAW_COLUMNS[1:])]),
    st.sampled_from([{}, KNOWN]),
)


@given(st.lists(states, min_size=2, max_size=5))
def test_a_memory_of_any_past_gives_the_graph_of_a_fresh_start(
    past: list[tuple[dict[str, str], tuple[Column, ...], Columns]],
) -> None:
    held: tuple = ()
    for sql, raw, known in past:
        columns = {RAW: raw, **known}
        memory = Memory(held)
        assert built(sql, columns, memory) == built(sql, columns, Memory())
        held = unpacked(packed(memory.kept))
        assert held == memory.kept


def test_processes_work_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage_workers, "WORTH_IT", 1)
    schema = project_schema(project(SQL), {RAW: RAW_COLUMNS, **KNOWN})
    fillings = [Filling(f"model.{name}", text, None) for name, text in SQL.items()]
    shared = list(lineage_workers.in_processes(fillings, schema))
    assert shared == one_by_one(fillings, schema)
