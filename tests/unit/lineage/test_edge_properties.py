"""What must hold of any statement: how it is written down does not change its edges."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.records.lineage import ColumnEdge, IndirectEdge, NodeLineage
from dbt_schema_evolve.records.relations import quoted
from tests.unit.lineage.shop import Case, cases, shop

SCHEMA = shop()
ELSEWHERE = {"dialects", "left_out", "unknown_relations", "writing"}
# A WITH query that writes may only stand at the top, and one star is of unknown columns.
NOT_NESTED = {"writing_cte", "all_fields_of_a_composite_column"}
QUERIES = [
    case for case in cases() if case.file.stem not in ELSEWHERE and case.name not in NOT_NESTED
]


def edges(sql: str) -> tuple[set[ColumnEdge], set[IndirectEdge]]:
    found = node_lineage("n", sql, SCHEMA)
    assert isinstance(found, NodeLineage), found.reason
    return set(found.column_edges), set(found.indirect_edges)


WRAPPED = {
    "a derived table": "select * from ({sql}\n) as wrapped",
    "a WITH query": "with wrapped as ({sql}\n) select * from wrapped",
    "a lateral query": "select * from (values (1)) as one (one_), lateral ({sql}\n) as wrapped",
    "parentheses": "({sql}\n)",
}


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.id)
def test_a_query_in_another_has_the_edges_that_it_has_alone(form: str, case: Case) -> None:
    assert edges(WRAPPED[form].format(sql=case.sql)) == edges(case.sql)


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.id)
def test_a_query_beside_itself_has_the_same_edges(case: Case) -> None:
    both = f"select * from ({case.sql}\n) as a union all select * from ({case.sql}\n) as b"
    assert edges(both) == edges(case.sql)


# Names as Postgres takes them: no NUL, at most 63 bytes, private marks of ours aside.
names = st.text(st.characters(exclude_categories=("Cs", "Co", "Cc")), min_size=1, max_size=15).map(
    quoted
)


@settings(deadline=None)
@given(st.lists(names, min_size=6, max_size=6, unique=True))
def test_aliases_leave_no_trace(given_names: list[str]) -> None:
    def written(c: str, o: str, x: str, key: str, total: str, rank: str) -> str:
        return f"""
            with {x} as (
                select {c}.name as {key}, sum({o}.amount) as {total}
                from shop.customers as {c}
                join shop.orders as {o} on {o}.customer_id = {c}.id
                group by {c}.name
            )
            select {key} as name, {total} as total, rank() over {rank} as place
            from {x} where {x}.{total} > 5
            window {rank} as (order by {x}.{total})
        """

    plain = edges(written("c", "o", "x", "key", "total", "rank"))
    renamed = edges(written(*given_names))
    assert [
        {(e.source_column, e.target_column, e.kind) for e in found[0]} for found in (plain, renamed)
    ] == [{("name", "name", "identity"), ("amount", "total", "aggregate")}] * 2
    assert renamed[1] == plain[1]


@settings(deadline=None)
@given(st.sampled_from(QUERIES), st.randoms(use_true_random=False))
def test_the_case_of_keywords_and_plain_names_does_not_matter(case: Case, random: Random) -> None:
    if any(mark in case.sql for mark in "\"'$"):
        return  # within quotes it does
    shouted = "".join(random.choice((letter, letter.upper())) for letter in case.sql)
    if shouted.lower() == case.sql.lower() and case.sql.isascii():
        assert _ends(shouted) == _ends(case.sql)


def _ends(sql: str) -> set[tuple[str, str, str, str]]:
    """Edges without their expressions, which are kept as they were written."""
    return {(e.source, e.source_column, e.target_column, e.kind) for e in edges(sql)[0]}
