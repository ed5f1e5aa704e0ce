"""Redaction leaves no value of a row in the file, and every comparison that the planner makes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends.twin_file import encode, redacted
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    CommonCombination,
    IndexShape,
    StatisticsShape,
    TableShape,
    TermsFigure,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.twin_file import FiledCatalog

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PEOPLE, CALLS = RelationName("crm", "people"), RelationName("crm", "calls")


def by_code_point(values: Sequence[str], collation: str, ignoring_case: bool) -> list[str]:
    return sorted(values, key=lambda value: (value.lower(), value) if ignoring_case else value)


def statistics(
    column: str, common: Sequence[str] = (), histogram: Sequence[str] = (), **details: Any
) -> ColumnStatistics:
    return ColumnStatistics(
        column,
        inherited=False,
        null_fraction=0.0,
        average_width=8,
        n_distinct=-0.5,
        most_common_values=tuple(common) or None,
        most_common_frequencies=tuple(0.5 / (i + 1) for i in range(len(common))) or None,
        histogram_bounds=tuple(histogram) or None,
        **details,
    )


def catalog_of(
    *columns: tuple[str, ColumnStatistics], types: Sequence[str] = (), **details: Any
) -> Catalog:
    shape = TableShape(
        PEOPLE,
        RelationKind.TABLE,
        tuple(Column(row.column, kind) for kind, row in columns),
        1000.0,
        10,
        0,
        tuple(row for _, row in columns),
        **details,
    )
    return Catalog(180000, (), tuple(types), (shape,), (), ())


def rows_of(catalog: Catalog) -> tuple[ColumnStatistics, ...]:
    return redacted(catalog, by_code_point)[0].tables[0].statistics


def file_of(catalog: Catalog) -> str:
    return encode(FiledCatalog(catalog, ("public",), NOW, "test")).decode()


# Words and numbers that occur in no header, no name and no size, so that a leak can be seen.
words = st.text("αβγδεζηθ", min_size=2, max_size=20)
integers = st.integers(100_000, 2**31 - 1).filter(lambda i: len(set(str(i))) > 3)
dates = st.dates(date(1900, 1, 1), date(2025, 12, 31))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2025, 12, 31))
decimals = st.decimals(-(10**10), 10**10, places=2).filter(lambda d: abs(d) > 1000)

KINDS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "text": ("text", words),
    "varchar": ("character varying(20)", words),
    "citext": ("crm.citext", words),
    "integer": ("integer", integers),
    "numeric": ("numeric(15,2)", decimals),
    "date": ("date", dates),
    "timestamp": ("timestamp without time zone", moments),
    "timestamptz": ("timestamp with time zone", moments.map(lambda m: m.replace(tzinfo=UTC))),
    "uuid": ("uuid", st.uuids()),
}


def typed(kind: str, text: str) -> Any:
    """A value as its type compares it."""
    if kind in {"text", "varchar"}:
        return text
    if kind == "citext":
        return (text.lower(), text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind.startswith("timestamp"):
        return datetime.fromisoformat(text)
    return {"integer": int, "numeric": Decimal, "uuid": UUID}[kind](text)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_order_is_kept_and_no_value_is_left_anywhere(kind: str, data: st.DataObject) -> None:
    type_name, values = KINDS[kind]
    texts = data.draw(st.lists(values.map(str), min_size=2, max_size=30, unique=True))
    ordered = sorted(texts, key=lambda text: typed(kind, text))
    common = data.draw(st.lists(st.sampled_from(ordered), max_size=5, unique=True))
    catalog = catalog_of(
        (type_name, statistics("a", common, ordered)),
        (type_name, statistics("b", ordered[1:])),
        ends=(ColumnEnds("a", ordered[0], ordered[-1]),),
    )
    hidden, _ = redacted(catalog, by_code_point)
    (table,) = hidden.tables
    (a, b) = table.statistics
    tokens = a.histogram_bounds
    assert tokens is not None
    keys = [typed(kind, token) for token in tokens]
    assert keys == sorted(set(keys))
    # The same value is the same token, in whichever column it is.
    by_value = dict(zip(ordered, tokens, strict=True))
    assert a.most_common_values == (tuple(by_value[value] for value in common) or None)
    assert b.most_common_values == tokens[1:]
    assert table.ends == (ColumnEnds("a", tokens[0], tokens[-1]),)
    assert not set(tokens) & set(texts)
    content = file_of(hidden)
    assert not [text for text in texts if f'"{text}"' in content]
    if kind in {"text", "integer", "uuid"}:
        assert not [text for text in texts if text in content]


@given(st.lists(words, min_size=1, max_size=40, unique=True))
def test_text_keeps_its_length_where_the_order_needs_no_more(values: list[str]) -> None:
    (row,) = rows_of(catalog_of(("text", statistics("a", histogram=sorted(values)))))
    assert row.histogram_bounds
    for value, token in zip(sorted(values), row.histogram_bounds, strict=True):
        assert len(token) == max(len(value), len(str(2 * len(values) - 1)))


def test_short_codes_stay_as_short_as_their_column() -> None:
    (row, _) = rows_of(
        catalog_of(
            ("character(1)", statistics("status", ["O", "F", "P"])),
            ("text", statistics("note", histogram=[f"note {i}" for i in range(1000, 2000)])),
        )
    )
    assert row.most_common_values
    assert sorted(row.most_common_values) == ["0", "1", "2"]
    assert row.most_common_values[1] < row.most_common_values[0] < row.most_common_values[2]


def test_what_does_not_fit_its_column_is_left_out_and_named() -> None:
    codes = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    catalog = catalog_of(("character(1)", statistics("status", codes)))
    hidden, lost = redacted(catalog, by_code_point)
    (row,) = hidden.tables[0].statistics
    assert row.most_common_values is None
    assert row.most_common_frequencies is None
    assert row.n_distinct == -0.5
    assert lost[-1].endswith("estimated as without any: crm.people.status")


def test_numbers_keep_their_magnitude_and_days_their_year() -> None:
    number, day = rows_of(
        catalog_of(
            ("integer", statistics("id", histogram=["-4711", "12", "77", "123456"])),
            ("date", statistics("born", histogram=["1961-05-07", "1961-08-08", "1999-12-31"])),
        )
    )
    assert [len(token) for token in number.histogram_bounds or ()] == [5, 2, 2, 6]
    assert [token[:4] for token in day.histogram_bounds or ()] == ["1961", "1961", "1999"]


def test_digits_that_all_occur_are_spread_over_digits() -> None:
    """Where every value of a magnitude is there, none of them tells anything."""
    digits = [str(digit) for digit in range(1, 10)]
    (row,) = rows_of(catalog_of(("integer", statistics("line", digits))))
    assert row.most_common_values == tuple(digits)


def test_zero_stays_zero() -> None:
    (row,) = rows_of(catalog_of(("numeric(9,2)", statistics("due", ["0.00"], ["0.00", "5.00"]))))
    assert row.most_common_values == ("0.00",)


def test_special_values_booleans_and_enums_stay() -> None:
    day, mood, flag = rows_of(
        catalog_of(
            ("date", statistics("until", ["infinity"], ["2024-01-05", "infinity"])),
            ("crm.mood", statistics("mood", ["good", "bad"])),
            ("boolean", statistics("flag", ["t", "f"])),
            types=["create type crm.mood as enum ('good', 'bad')"],
        )
    )
    assert day.most_common_values == ("infinity",)
    assert day.histogram_bounds
    assert day.histogram_bounds[0].startswith("2024-")
    assert mood.most_common_values == ("good", "bad")
    assert flag.most_common_values == ("t", "f")


def test_a_domain_is_redacted_as_what_it_is_made_of() -> None:
    (row,) = rows_of(
        catalog_of(
            ("crm.percent", statistics("share", histogram=["12.50", "99.99"])),
            types=[
                "create domain crm.share as numeric(5,2)",
                "create domain crm.percent as crm.share",
            ],
        )
    )
    assert row.histogram_bounds
    low, high = map(Decimal, row.histogram_bounds)
    assert 10 <= low < high < 100


def test_a_domain_brings_its_collation_along() -> None:
    asked = []

    def order(values: Sequence[str], collation: str, ignoring_case: bool) -> list[str]:
        asked.append(collation)
        return sorted(values)

    types = ['create domain crm.code as text collate pg_catalog."C"']
    redacted(catalog_of(("crm.code", statistics("code", ["αβγ"])), types=types), order)
    assert set(asked) == {'pg_catalog."C"'}


def test_elements_are_redacted_and_whole_arrays_left_out() -> None:
    row = statistics(
        "tags",
        common=['{"αβγ","δεζ"}'],
        most_common_elements=("αβγ", "δεζ"),
        most_common_element_frequencies=(0.5, 0.4, 0.4, 0.5),
    )
    hidden, lost = redacted(catalog_of(("text[]", row)), by_code_point)
    (found,) = hidden.tables[0].statistics
    assert found.most_common_values is None
    assert found.most_common_elements == ("0xx", "1xx")
    assert found.most_common_element_frequencies == row.most_common_element_frequencies
    assert "αβγ" not in file_of(hidden)
    assert len(lost) == 2


def test_what_has_no_order_of_ours_is_left_out_and_named() -> None:
    spec = IndexSpec(PEOPLE, (IndexKey("lower(name)", is_expression=True),))
    expression = IndexShape(
        spec, "i", "create ...", 9.0, 2, statistics=(statistics("lower", ["αβγ"]),)
    )
    catalog = catalog_of(
        ("jsonb", statistics("payload", ['{"name": "αβγ"}'])),
        ("date", statistics("founded", ["0044-03-15 BC"], ["0044-03-15 BC", "1999-01-01"])),
    )
    catalog = Catalog(180000, (), (), catalog.tables, (), (expression,))
    hidden, lost = redacted(catalog, by_code_point)
    assert all(row.most_common_values is None for row in hidden.tables[0].statistics)
    assert hidden.indexes[0].statistics[0].most_common_values is None
    assert "αβγ" not in file_of(hidden)
    assert "BC" not in file_of(hidden)
    assert lost[-1].endswith("crm.people ((lower(name))), crm.people.founded, crm.people.payload")


def test_sizes_and_distinct_counts_are_not_touched() -> None:
    catalog = catalog_of(("text", statistics("a", ["αβγ"], correlation=0.5)))
    (before,), (after,) = catalog.tables, redacted(catalog, by_code_point)[0].tables
    assert (after.rows, after.pages, after.columns) == (before.rows, before.pages, before.columns)
    old, new = before.statistics[0], after.statistics[0]
    assert (new.n_distinct, new.null_fraction, new.average_width) == (-0.5, 0.0, 8)
    assert (new.correlation, new.most_common_frequencies) == (0.5, old.most_common_frequencies)


def test_values_of_several_columns_together_are_left_out_and_their_counts_stay() -> None:
    name = RelationName("crm", "people_together")
    shape = StatisticsShape(
        name,
        PEOPLE,
        "create statistics crm.people_together on city, street from crm.people",
        columns=("city", "street"),
        expressions=("lower(city)",),
        distinct=(TermsFigure(("city", "street"), 70.0),),
        common=(CommonCombination(("αβγδ", None), 0.5, 0.1),),
        expression_statistics=(statistics("lower(city)", ["εζηθ"]),),
    )
    catalog = replace(catalog_of(("city", statistics("city"))), extended_statistics=(shape,))
    bare, lost = redacted(catalog, by_code_point)
    assert bare.extended_statistics[0].distinct == shape.distinct
    assert not any(letter in file_of(bare) for letter in "αβγδεζηθ")
    assert any("crm.people_together" in sentence for sentence in lost)
