"""Statements that nobody would write by hand: huge, deep, circular, or another dialect's."""

import pytest

from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.lineage import NodeLineage
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryUses, Skip
from tests.unit.lineage.shop import Case, cases, shop

MEGABYTE = 1_000_000
T = RelationName("public", "t")


def schema() -> LineageSchema:
    return LineageSchema({T: tuple(Column(name, "integer") for name in "abc")})


def ends(found: NodeLineage | Skip) -> set[tuple[str, str]]:
    assert isinstance(found, NodeLineage), found.reason
    return {(edge.source_column, edge.target_column) for edge in found.column_edges}


def numbers(form: str, size: int = MEGABYTE) -> list[str]:
    """As many lines of a form as fill a text."""
    return [form.format(n=n) for n in range(size // len(form.format(n=99999)))]


HUGE = {
    "a list": ("select a from t where b in (" + ", ".join(numbers("{n}")) + ")", {("a", "a")}),
    "a CASE": (
        "select case " + " ".join(numbers("when a = {n} then b + {n}")) + " end as x from t",
        {("a", "x"), ("b", "x")},
    ),
    "a chain of operators": (
        "select " + " || ".join(["a"] * 50_000) + " as x from t",
        {("a", "x")},
    ),
    "a condition": (
        "select a from t where " + " or ".join(numbers("b > {n} and c < 3", MEGABYTE // 4)),
        {("a", "a")},
    ),
    "a string": (f"select '{'x' * MEGABYTE}' as s, a from t", {("a", "a")}),
    "joins": (
        "select t0.a from t t0 "
        + " ".join(f"join t t{n + 1} on t{n + 1}.a = t{n}.b" for n in range(5_000)),
        {("a", "a")},
    ),
    "a chain of CTEs": (
        "with c0 as (select a from t), "
        + ", ".join(f"c{n + 1} as (select a from c{n})" for n in range(5_000))
        + " select a from c5000",
        {("a", "a")},
    ),
}


@pytest.mark.parametrize("what", HUGE)
def test_a_huge_statement_is_resolved(what: str) -> None:
    sql, expected = HUGE[what]
    found = node_lineage("n", sql, schema())
    assert ends(found) == expected
    assert isinstance(query_uses("f", sql, schema()), QueryUses)


def test_an_expression_that_nobody_would_read_is_not_kept() -> None:
    found = node_lineage("n", HUGE["a CASE"][0], schema())
    assert isinstance(found, NodeLineage)
    assert {edge.expression for edge in found.column_edges} == {"…"}


DEEP = {
    "parentheses": ("(", "a", ")"),
    "functions": ("coalesce(", "a", ", 1)"),
    "casts": ("", "a", "::int"),
    "CASE": ("case when a = 1 then ", "b", " end"),
    "NOT": ("not ", "a = 1", ""),
    "signs": ("- ", "a", ""),
    "paths": ("", "a", " -> 'x'"),
}


@pytest.mark.parametrize("what", DEEP)
@pytest.mark.parametrize("depth", [30, 20_000])
def test_what_nests_deeply_is_resolved_or_left_out(what: str, depth: int) -> None:
    before, inside, behind = DEEP[what]
    sql = f"select {before * depth}{inside}{behind * depth} as x from t"
    found = node_lineage("n", sql, schema())
    if depth == 30:
        assert {source for source, _ in ends(found)} <= {"a", "b"}
    assert isinstance(found, NodeLineage) or "deep" in found.reason


@pytest.mark.parametrize("depth", [40, 20_000])
def test_derived_tables_in_derived_tables_do_not_end_the_process(depth: int) -> None:
    sql = "select a from (" * depth + "select a from t" + ") as x" * depth
    found = node_lineage("n", sql, schema())
    if depth == 40:
        assert ends(found) == {("a", "a")}
    else:
        assert found == Skip("n", "nested too deeply")


def test_views_that_read_each_other_are_read_once() -> None:
    one, two = RelationName("public", "one"), RelationName("public", "two")
    circular = LineageSchema({}, {one: "select a from two", two: "select a from one"})
    assert isinstance(query_uses("f", "select a from one", circular), QueryUses)
    assert ends(node_lineage("n", "select a from one", circular)) == {("a", "a")}


def test_a_recursive_query_that_only_reads_itself_ends() -> None:
    sql = "with recursive r as (select a, b from t union all select b, a from r) select a from r"
    assert ends(node_lineage("n", sql, schema())) == {("a", "a"), ("b", "a")}


@pytest.mark.parametrize("case", [*cases("dialects")], ids=lambda case: case.id)
def test_another_dialects_sql_gives_no_edge_that_could_be_wrong(case: Case) -> None:
    if case.name == "unnest_with_offset":
        return  # reads as WITH ORDINALITY does, and means the same
    found = node_lineage("n", case.sql, shop())
    assert isinstance(found, Skip) or (found.doubts and not found.column_edges)


def test_a_column_that_cannot_be_told_costs_only_itself() -> None:
    found = node_lineage("n", "select t.a, t.gone, b as x from t where t.lost = 1", schema())
    assert ends(found) == {("a", "a"), ("b", "x")}
    assert isinstance(found, NodeLineage)
    assert found.doubts == ("column gone is not in t", "column lost is not in t")


def test_uses_are_all_or_nothing() -> None:
    """Who asks whether a column is still in use must not be told half of it."""
    found = query_uses("f", "select t.a, t.gone from t", schema())
    assert found == Skip("f", "column gone is not in t")
