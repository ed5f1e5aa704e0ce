"""Parameters become values that the columns really hold; tests/postgres has them planned."""

import re

import pytest

from dbt_schema_evolve.lineage.sql.bind import bind
from dbt_schema_evolve.lineage.sql.parsing import marked
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip
from tests.unit.lineage.shop import Case, cases, relation, shop

DAYS = tuple(f"2024-{month:02}-01 00:00:00+00" for month in range(1, 12))
STATISTICS = {
    "status": ColumnStatistics(
        "status", False, 0, 5, 3, ("open", "it's", 'a"b\\c'), (0.5, 0.3, 0.1)
    ),
    "ordered_at": ColumnStatistics("ordered_at", False, 0, 8, -1, histogram_bounds=DAYS),
    "amount": ColumnStatistics("amount", False, 0, 8, 4, ("-5.5", "10", "9"), (0.3, 0.3, 0.3)),
    "id": ColumnStatistics("id", False, 0, 8, -1, histogram_bounds=("1", "50", "100")),
    "note": ColumnStatistics("note", False, 0, 8, -1, ("50%_off",), (0.1,)),
}  # fmt: skip


def statistics(of: RelationName, column: str) -> ColumnStatistics | None:
    return STATISTICS.get(column) if of == relation("orders") else None


def bound(where: str, pick: int = 0) -> str:
    text = bind(f"select id from shop.orders where {where}", shop(), statistics, pick)
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
    "note like $1": r"note like '50\%%'",
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


def test_another_pick_draws_another_value_and_the_same_pick_the_same() -> None:
    assert bound("status = $1", 1) == "status = 'it''s'"
    assert bound("status = $1", 1) == bound("status = $1", 1)
    assert bound("ordered_at >= $1", 2) != bound("ordered_at >= $1", 0)


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
