"""How a column grows follows from what kind of column it is, and that from the catalog alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dbt_schema_evolve.backends.twin.growth import grown, standing_still
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    IndexShape,
    TableShape,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationKind, RelationName

CUSTOMERS, ORDERS, DAYS = (RelationName("raw", name) for name in ("customers", "orders", "days"))


def column(
    name: str,
    n_distinct: float,
    bounds: tuple[int, int] | None,
    correlation: float = 0.0,
    common: dict[str, float] | None = None,
) -> ColumnStatistics:
    return ColumnStatistics(
        name, False, 0.0, 4, n_distinct, tuple(common) if common else None,
        tuple(common.values()) if common else None,
        tuple(str(bound) for bound in bounds) if bounds else None, correlation,
    )  # fmt: skip


def table(relation: RelationName, rows: float, *statistics: ColumnStatistics) -> TableShape:
    return TableShape(
        relation, RelationKind.TABLE, tuple(Column(row.column, "integer") for row in statistics),
        rows, int(rows / 50), int(rows / 50), statistics,
    )  # fmt: skip


def unique(relation: RelationName, name: str) -> IndexShape:
    spec = IndexSpec(relation, (IndexKey(name),), unique=True)
    return IndexShape(spec, f"{relation.name}_key", "create index", 1000, 5)


def warehouse(*of_orders: ColumnStatistics) -> Catalog:
    return Catalog(
        180000, (), (),
        (
            table(CUSTOMERS, 1000, column("id", -1, (1, 1000), 1.0)),
            table(DAYS, 5000, column("day_id", -1, (1, 5000), 1.0)),
            table(ORDERS, 20000, *of_orders),
        ),
        (),
        (unique(CUSTOMERS, "id"), unique(DAYS, "day_id")),
    )  # fmt: skip


def orders(catalog: Catalog, ratios: dict[RelationName, float]) -> ColumnStatistics:
    found = grown(catalog, ratios).table(ORDERS)
    assert found is not None
    return found.statistics[0]


REFERENCE = column("customer_id", 990, (2, 999), common={"7": 0.1, "8": 0.0008})


def test_a_reference_follows_the_table_that_it_refers_to() -> None:
    tomorrow = orders(warehouse(REFERENCE), {ORDERS: 10.0, CUSTOMERS: 5.0})
    assert tomorrow.histogram_bounds == ("6", "4991")
    assert tomorrow.n_distinct == pytest.approx(4950, rel=0.03)


def test_common_values_of_a_reference_move_and_shrink_until_no_sample_would_show_them() -> None:
    tomorrow = orders(warehouse(REFERENCE), {ORDERS: 10.0, CUSTOMERS: 20.0})
    assert tomorrow.most_common_values == ("121",)
    assert tomorrow.most_common_frequencies == pytest.approx((0.005,))


def test_a_reference_to_a_table_of_fixed_size_stays_where_it_is_though_its_rows_are_in_order() -> (
    None
):
    day = column("day_id", 300, (1, 900), correlation=1.0)
    tomorrow = orders(warehouse(day), {ORDERS: 10.0})
    assert (tomorrow.histogram_bounds, tomorrow.n_distinct) == (("1", "900"), 300)


def test_a_foreign_key_is_a_reference_whatever_its_name_and_values() -> None:
    catalog = warehouse(column("buyer", 500, None))
    key = (ORDERS, "orders_buyer", 'FOREIGN KEY (buyer) REFERENCES raw."customers"(id)')
    assert orders(catalog, {ORDERS: 10.0}).n_distinct == 500
    declared = replace(catalog, foreign_keys=(key,))
    assert orders(declared, {ORDERS: 10.0, CUSTOMERS: 10.0}).n_distinct > 4000


@pytest.mark.parametrize(
    "stranger",
    [
        column("quantity", 990, (1, 1000)),  # ends in another word
        column("customer_id", 990, (1, 20000)),  # reaches beyond the keys
        column("customer_id", -0.5, (1, 1000)),  # has more values than there are keys
    ],
)
def test_what_does_not_fit_a_key_does_not_refer_to_it(stranger: ColumnStatistics) -> None:
    tomorrow = orders(warehouse(stranger), {ORDERS: 10.0, CUSTOMERS: 10.0})
    assert tomorrow.histogram_bounds == stranger.histogram_bounds


def test_a_key_without_gaps_goes_on_though_its_rows_are_shuffled() -> None:
    catalog = warehouse(column("x", 3, None))
    shuffled = table(CUSTOMERS, 1000, column("id", -1, (1, 1000), 0.0))
    ends = (ColumnEnds("id", "1", "1000"),)
    tables = (replace(shuffled, ends=ends), *catalog.tables[1:])
    customers = grown(replace(catalog, tables=tables), {CUSTOMERS: 3.0}).tables[0]
    assert customers.statistics[0].histogram_bounds == ("1", "2998")
    assert customers.ends == (ColumnEnds("id", "1", "2998"),)


def test_a_key_that_hashes_keeps_its_range() -> None:
    catalog = warehouse(column("x", 3, None))
    hashed = table(CUSTOMERS, 1000, column("id", -1, (-(2**30), 2**30), 0.0))
    customers = grown(replace(catalog, tables=(hashed,)), {CUSTOMERS: 3.0}).tables[0]
    assert customers == replace(hashed, rows=3000, pages=59, all_visible_pages=59, file_pages=59)


def test_numbers_that_the_type_cannot_hold_stay_where_they_are() -> None:
    batch = column("batch", 1000, (1, 2**31 - 5), correlation=1.0)
    assert orders(warehouse(batch), {ORDERS: 2.0}).histogram_bounds == batch.histogram_bounds


def test_prices_go_on_filling_up_and_free_text_hardly_repeats() -> None:
    rows = (column("price", -0.6, None), column("note", -0.98, None))
    catalog = Catalog(180000, (), (), (table(ORDERS, 60_000, *rows),), (), ())
    price, note = grown(catalog, {ORDERS: 10.0}).tables[0].statistics
    # 60,000 draws met 36,000 prices; 600,000 draws will meet all of the 50,000 or more there are.
    assert 50_000 < -price.n_distinct * 600_000 < 70_000
    assert -0.9 < note.n_distinct < -0.75


def test_versions_of_a_thing_grow_with_the_things() -> None:
    version = column("thing", -0.5, None, common={"a": 0.0001, "b": 0.0001})
    assert orders(warehouse(version), {ORDERS: 10.0}).n_distinct == -0.5


def test_values_replaced_by_tokens_are_no_reason_to_fail() -> None:
    token = replace(REFERENCE, most_common_values=None, most_common_frequencies=None,
                    histogram_bounds=("t1", "t2"))  # fmt: skip
    assert orders(warehouse(token), {ORDERS: 2.0}).histogram_bounds == ("t1", "t2")


def profiles(
    days: int, rows: int, **distinct: float
) -> tuple[RelationProfile, list[ColumnProfile]]:
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days)
    return (
        RelationProfile(ORDERS, RelationKind.TABLE, at, rows, None, None),
        [ColumnProfile(ORDERS, name, "integer", at, distinct=n) for name, n in distinct.items()],
    )


def test_a_history_of_profiles_tells_a_column_that_advances_from_one_that_is_stored_in_order() -> (
    None
):
    captures = [
        profiles(0, 1000, batch=10, region=7, id=-1.0),
        profiles(9, 4000, batch=40, region=8, id=-1.0),
    ]
    standing = standing_still(
        [relation for relation, _ in captures],
        [column for _, columns in captures for column in columns],
    )
    assert standing == {ColumnName(ORDERS, "region")}


def test_a_short_history_tells_nothing() -> None:
    relation, columns = profiles(0, 1000, region=7)
    assert standing_still([relation], columns) == frozenset()
    assert standing_still([], columns) == frozenset()


def test_a_column_that_stood_still_is_not_stretched() -> None:
    batch = column("batch", 900, (1, 900), correlation=1.0)
    catalog = warehouse(batch)
    assert orders(catalog, {ORDERS: 2.0}).histogram_bounds == ("1", "1799")
    still = grown(catalog, {ORDERS: 2.0}, {ColumnName(ORDERS, "batch")}).tables[2].statistics[0]
    assert (still.histogram_bounds, still.n_distinct) == (("1", "900"), 900)
