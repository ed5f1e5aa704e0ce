"""Parameters become values that the columns really hold; tests/postgres has them planned."""

import re

import pytest

from dbt_schema_evolve.lineage.sql import literals
from dbt_schema_evolve.lineage.sql.bind import bind, draws
from dbt_schema_evolve.lineage.sql.parsing import marked
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip
from tests.unit.lineage.shop import Case, cases, relation, shop

DAYS = tuple(f"2024-{month:02}-01 00:00:00+00" for month in range(1, 12))
STATISTICS = {
    "ordered_at": ColumnStatistics("ordered_at", False, 0, 8, -1, histogram_bounds=DAYS),
    "amount": ColumnStatistics("amount", False, 0, 8, 4, ("-5.5", "10", "9"), (0.3, 0.3, 0.3)),
    "id": ColumnStatistics("id", False, 0, 8, -1, histogram_bounds=("1", "50", "100")),
    "note": ColumnStatistics(
        "note", False, 0, 8, 500, ("usual",), (0.6,), ("n1", "n2", "n3", "n4", "n5")
    ),
    "status": ColumnStatistics(
        "status", False, 0, 5, 3, ("open", "it's", 'a"b\\c'), (0.8, 0.15, 0.05)
    ),
}  # fmt: skip


def statistics(of: RelationName, column: str) -> ColumnStatistics | None:
    return STATISTICS.get(column) if of == relation("orders") else None


def bound(where: str, draw: int = 0) -> str:
    text = bind(f"select id from shop.orders where {where}", shop(), statistics, draw)
    assert isinstance(text, str), text
    return text.partition(" where ")[2]


WHERE = {
    "status = $1": "status = 'open'",
    "$1 = status": "'open' = status",
    "id = $1": "id = 50",
    "amount = $1": "amount = (-5.5)",
    "ordered_at >= $1": "ordered_at >= '2024-09-01 00:00:00+00'",
    "ordered_at < $1": "ordered_at < '2024-03-01 00:00:00+00'",
    "$1 > ordered_at": "'2024-03-01 00:00:00+00' > ordered_at",
    "ordered_at >= $1 and ordered_at < $2": (
        "ordered_at >= '2024-05-01 00:00:00+00' and ordered_at < '2024-07-01 00:00:00+00'"
    ),
    "ordered_at between $1 and $2": (
        "ordered_at between '2024-05-01 00:00:00+00' and '2024-07-01 00:00:00+00'"
    ),
    "amount between $1 and $2": "amount between (-5.5) and 10",
    "note like $1": "note like 'usu%'",
    "status in ($1, $2)": "status in ('open', 'it''s')",
    "status IN ($1 /*, ... */)": "status IN ('open', 'it''s', 'a\"b\\c' /*, ... */)",
    "status = any($1)": """status = any('{"open","it''s","a\\"b\\\\c"}')""",
    "ordered_at > now() - interval $1": "ordered_at > now() - interval '30 days'",
    "extract($1 from ordered_at) = $2": "extract('year' from ordered_at) = 2024",
    "date_trunc($1, ordered_at) = $2": "date_trunc('month', ordered_at) = '2024-06-01'",
    "ordered_at::date = $1": "ordered_at::date = '2024-06-01'",
    "upper(status) = $1": "upper(status) = 'OPEN'",
    "status = $1 limit $2 offset $3": "status = 'open' limit 100 offset 0",
    "'$1' = status and id = $1": "'$1' = status and id = 50",
    "status = 'open'": "status = 'open'",
}


@pytest.mark.parametrize(("before", "after"), WHERE.items())
def test_a_parameter_becomes_a_value_of_its_column(before: str, after: str) -> None:
    assert bound(before) == after


def drawn(where: str) -> list[str]:
    texts = draws(f"select id from shop.orders where {where}", shop(), statistics)
    assert not isinstance(texts, Skip), texts
    return [text.partition(" where ")[2] for text in texts]


def test_a_frequent_value_and_a_rare_one_are_drawn_where_values_are_skewed() -> None:
    assert drawn("note = $1") == ["note = 'usual'", "note = 'usual'", "note = 'n3'"]
    assert drawn("id = $1") == ["id = 50"]
    assert drawn("amount = $1") == ["amount = (-5.5)"]  # three values, a third of the rows each


def test_long_and_short_ranges_are_drawn() -> None:
    assert drawn("ordered_at >= $1") == [
        f"ordered_at >= '2024-{month}-01 00:00:00+00'" for month in ("09", "11", "06")
    ]
    assert drawn("ordered_at >= $1 and ordered_at < $2") == [
        f"ordered_at >= '2024-{low}-01 00:00:00+00' and ordered_at < '2024-{high}-01 00:00:00+00'"
        for low, high in (("05", "07"), ("10", "11"), ("03", "09"))
    ]


def test_what_is_frequent_in_one_column_meets_what_is_rare_in_the_next() -> None:
    assert drawn("note = $1 and status = $2") == [
        "note = 'usual' and status = 'open'",
        "note = 'usual' and status = 'a\"b\\c'",
        "note = 'n3' and status = 'open'",
    ]


def test_a_pattern_may_begin_with_a_wildcard() -> None:
    assert drawn("note like $1") == ["note like 'usu%'", "note like 'usual%'", "note like '%n3%'"]


def test_a_value_with_wildcards_in_it_is_taken_literally() -> None:
    assert literals.pattern("50%_off", literals.TYPICAL, is_whole=True) == r"50\%%"


def test_an_array_is_searched_for_what_arrays_hold() -> None:
    sql = "select id from shop.customers where tags @> $1 and tags && $2"
    tags = ColumnStatistics("tags", False, 0, 8, -1, most_common_elements=("a", "b", "c"))
    assert draws(sql, shop(), lambda _, column: tags if column == "tags" else None) == tuple(
        f"""select id from shop.customers where tags @> '{{"{x}"}}' and tags && '{{"{x}"}}'"""
        for x in "bac"
    )


def test_parameters_of_ranges_and_text_searches_are_valid() -> None:
    sql = "select id from shop.parcels where during && $1 and to_tsvector($2, form::text) @@ $3"
    text = bind(sql, shop(), lambda *_: None)
    assert text == (
        "select id from shop.parcels where during && '[2020-01-01,2020-02-01)'"
        " and to_tsvector('simple', form::text) @@ 'a'"
    )


@pytest.mark.parametrize("case", [*cases("parameters")], ids=lambda case: case.id)
def test_no_parameter_is_left_and_no_other_byte_moves(case: Case) -> None:
    text = bind(case.sql, shop(), statistics)
    assert isinstance(text, str)
    assert marked(text) == text
    at = 0
    for piece in re.split(r"\$\d+", case.sql):
        at = text.index(piece, at) + len(piece)


def test_constants_that_were_one_stay_one() -> None:
    text = bind(
        "select coalesce(note, $1) || $2, count(*) from shop.orders "
        "group by coalesce(note, $3) || $4",
        shop(),
        statistics,
    )
    assert isinstance(text, str)
    selected, grouped = text.split("select ")[1].split(", count(*)")[0], text.split("group by ")[1]
    assert selected == grouped


def test_a_value_is_found_through_views_and_derived_tables() -> None:
    text = bind(
        "with o as (select customer_id, total as t, ordered_at as at from shop.open_orders) "
        "select t from o where at >= $1 and t = $2",
        shop(),
        statistics,
    )
    assert isinstance(text, str)
    assert text.endswith("at >= '2024-09-01 00:00:00+00' and t = (-5.5)")


@pytest.mark.parametrize("text", ["select id from shop.orders where status = $1 and", "set x = $1"])
def test_what_cannot_be_read_is_left_out(text: str) -> None:
    assert isinstance(bind(text, shop(), statistics), Skip)


def test_a_text_without_parameters_is_returned_as_it_is() -> None:
    assert bind("select oops from", shop(), statistics) == "select oops from"
