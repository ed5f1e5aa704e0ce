"""What the catalog of this minute knows better than the last capture."""

from dataclasses import replace

import pytest

from dbt_schema_evolve.records.catalog import Catalog, IndexShape, TableShape
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.workflows.catalogued import never_analyzed, with_catalog
from tests.fakes.evidence import evidence_of

ORDERS = RelationName("marts", "orders")
EMPTY = Catalog(150000, (), (), (), (), ())
CASE = {
    "relations": {
        "marts.orders": {
            "rows": 10,
            "columns": {"name": {"type": "text"}},
            "indexes": [{"keys": ["name"], "scans": 3}],
        }
    }
}
BY_DAY = IndexSpec(ORDERS, (IndexKey("day"),))
TABLE = TableShape(
    ORDERS, RelationKind.TABLE, (Column("name", "text", False, '"de"'),), 10, 1, 0, ()
)


def test_an_index_made_since_the_last_capture_is_there_and_one_dropped_since_is_not() -> None:
    index = IndexShape(BY_DAY, "x", "", 10, 4, scans=7, needed_for="clustering")
    found = with_catalog(evidence_of(CASE), replace(EMPTY, tables=(TABLE,), indexes=(index,)))
    (profile,) = found.indexes[ORDERS]
    assert profile.spec == BY_DAY
    assert (profile.scans, profile.measured_bytes) == (7, 4 * 8192)
    assert profile.is_protected


def test_the_last_index_dropped_since_is_gone_too() -> None:
    found = with_catalog(evidence_of(CASE), replace(EMPTY, tables=(TABLE,)))
    assert not found.indexes.get(ORDERS)


def test_a_relation_that_the_catalog_does_not_know_keeps_what_was_captured() -> None:
    found = with_catalog(evidence_of(CASE), EMPTY)
    assert [profile.scans for profile in found.indexes[ORDERS]] == [3]


def test_columns_know_a_collation_of_their_own() -> None:
    found = with_catalog(evidence_of(CASE), replace(EMPTY, tables=(TABLE,)))
    assert found.columns[ORDERS][0].collation == '"de"'


@pytest.mark.parametrize(
    ("collation", "provider", "locale", "by_bytes"),
    [
        ("C", "c", "", True),
        ("POSIX", "c", "", True),
        ("C.UTF-8", "c", "", False),
        ("en_US.UTF-8", "c", "", False),
        ("C", "i", "de-DE", False),
        ("C", "b", "C.UTF-8", True),
    ],
)
def test_text_sorts_by_bytes_where_postgres_takes_like_for_a_range(
    collation: str, provider: str, locale: str, *, by_bytes: bool
) -> None:
    catalog = replace(EMPTY, collation=collation, locale_provider=provider, locale=locale)
    assert with_catalog(evidence_of(CASE), catalog).server.orders_text_by_bytes is by_bytes


def test_a_table_that_queries_read_and_nobody_analyzed_is_named() -> None:
    evidence = evidence_of(CASE | {"queries": {"q": {"equality": ["marts.orders/name"]}}})
    unread = replace(TABLE, relation=RelationName("marts", "unread"), rows=-1)

    def named(rows: float) -> list[str]:
        tables = (replace(TABLE, rows=rows), unread)
        return [skip.subject for skip in never_analyzed(evidence, replace(EMPTY, tables=tables))]

    assert named(rows=-1) == ["marts.orders"]
    assert named(rows=0) == []
