"""What must hold of a grown catalog, whatever today's statistics are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends.twin.growth import grown
from dbt_schema_evolve.backends.twin.growth.draws import (
    Spread,
    draws,
    estimate,
    even,
    in_order,
    in_runs,
    pool_size,
    uneven,
)
from dbt_schema_evolve.records.catalog import Catalog, ColumnStatistics, IndexShape, TableShape
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName

NAMES = [RelationName("raw", name) for name in ("a", "b")]
TYPES = {"a_id": "integer", "id": "bigint", "on_day": "date", "label": "text"}
ratios = st.dictionaries(st.sampled_from(NAMES), st.floats(0.1, 50), max_size=2)


@st.composite
def columns(draw: st.DrawFn, name: str, rows: float) -> ColumnStatistics:
    kind = TYPES[name]
    values = {
        "date": st.dates().map(str),
        "text": st.text(min_size=1, max_size=3),
    }.get(kind, st.integers(-1000, 100_000).map(str))
    known = draw(st.lists(values, unique=True, max_size=8))
    if kind != "text":
        known.sort(key=lambda value: value if kind == "date" else int(value))
    cut = draw(st.integers(0, len(known)))
    nulls = draw(st.sampled_from([0.0, 0.2, 0.9]))
    weights = [draw(st.floats(0.01, 1)) for _ in known[cut:]]
    share = draw(st.floats(0.1, 1)) * (1 - nulls)
    shares = sorted((share * weight / sum(weights) for weight in weights), reverse=True)
    return ColumnStatistics(
        name,
        inherited=False,
        null_fraction=nulls,
        average_width=draw(st.integers(1, 200)),
        n_distinct=draw(st.floats(-1, -0.001) | st.integers(1, max(1, int(rows))).map(float)),
        most_common_values=tuple(known[cut:]) or None,
        most_common_frequencies=tuple(shares) or None,
        histogram_bounds=tuple(known[:cut]) if cut > 1 else None,
        correlation=draw(st.sampled_from([None, -1.0, 0.0, 0.5, 0.95, 1.0])),
    )


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    tables, indexes = [], []
    for relation in NAMES:
        rows = draw(st.sampled_from([-1.0, 0.0, 1.0, 7.0, 900.0, 80_000.0, 3e7]))
        pages = draw(st.integers(0, 5)) + max(0, int(rows // 60))
        statistics = tuple(draw(columns(name, rows)) for name in TYPES)
        tables.append(
            TableShape(
                relation,
                RelationKind.TABLE,
                tuple(Column(name, kind) for name, kind in TYPES.items()),
                rows,
                pages,
                draw(st.integers(0, pages)),
                statistics,
            )
        )
        spec = IndexSpec(relation, (IndexKey("id"),), unique=draw(st.booleans()))
        indexes.append(IndexShape(spec, "i", "create index", rows, pages // 4))
    return Catalog(180000, (), (), tuple(tables), (), tuple(indexes))


@given(catalogs())
def test_a_ratio_of_one_changes_nothing(catalog: Catalog) -> None:
    assert grown(catalog, dict.fromkeys(NAMES, 1.0)) == catalog


@given(catalogs(), ratios)
def test_the_same_forecast_gives_the_same_catalog(
    catalog: Catalog, forecast: dict[RelationName, float]
) -> None:
    assert grown(catalog, forecast) == grown(catalog, forecast)


@given(catalogs(), ratios)
def test_a_grown_catalog_is_one_that_analyze_could_have_left(
    catalog: Catalog, forecast: dict[RelationName, float]
) -> None:
    for table in grown(catalog, forecast).tables:
        assert table.all_visible_pages <= table.pages or table in catalog.tables
        for row in table.statistics:
            assert -1 <= row.n_distinct <= max(table.rows, 1) or table in catalog.tables
            shares = row.most_common_frequencies or ()
            assert sum(shares) + row.null_fraction <= 1 + 1e-6
            assert len(set(row.most_common_values or ())) == len(shares)
            if row.histogram_bounds and TYPES[row.column] != "text":
                bounds = [int(bound.replace("-", "")) if TYPES[row.column] == "date"
                          else int(bound) for bound in row.histogram_bounds]  # fmt: skip
                assert bounds == sorted(bounds)


@given(
    st.floats(2, 1e7),
    st.floats(100, 1e8),
    st.sampled_from([even, uneven, in_order]),
    st.integers(0, 10**6),
)
def test_the_pool_is_found_again_from_the_estimate(
    pool: float, rows: float, spread: Spread, pages: int
) -> None:
    of = draws(rows, pages, 1.0)
    reported = estimate(pool, of, spread)
    if reported < of.rows * 0.9 and reported > 2:
        found = pool_size(reported, of, spread)
        assert estimate(found, of, spread) == pytest.approx(reported, rel=1e-3)


@given(st.floats(2, 1e6), st.floats(100, 1e7), st.floats(1, 50), st.integers(1, 10**6))
def test_an_estimate_is_never_negative_nor_above_the_rows(
    pool: float, rows: float, run: float, pages: int
) -> None:
    assert 0 <= estimate(pool, draws(rows, pages, 1.0), in_runs(run)) <= rows


@given(st.floats(0.05, 0.9), st.floats(1.1, 5), st.floats(1.1, 5))
def test_growing_twice_is_growing_once_by_both(share: float, first: float, then: float) -> None:
    row = ColumnStatistics("label", False, 0.0, 4, -share)
    table = TableShape(
        NAMES[0], RelationKind.TABLE, (Column("label", "text"),), 40_000, 600, 600, (row,)
    )
    catalog = Catalog(180000, (), (), (table,), (), ())
    twice = grown(grown(catalog, {NAMES[0]: first}), {NAMES[0]: then}).tables[0]
    once = grown(catalog, {NAMES[0]: first * then}).tables[0]

    def distinct(table: TableShape) -> float:
        stated = table.statistics[0].n_distinct
        return -stated * table.rows if stated < 0 else stated

    assert distinct(twice) == pytest.approx(distinct(once), rel=0.05)
