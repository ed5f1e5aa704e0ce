"""Questions without a warehouse: columns come from the last capture, then from catalog.json."""

import json
from datetime import UTC, datetime

from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse
from tests.fakes.history import DictHistory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def catalog_json(**tables: dict[str, str]) -> bytes:
    nodes = {
        f"model.shop.{name}": {
            "metadata": {"schema": "marts", "name": name},
            "columns": {
                column: {"name": column, "type": kind, "index": number}
                for number, (column, kind) in enumerate(columns.items(), 1)
            },
        }
        for name, columns in tables.items()
    }
    version = "https://schemas.getdbt.com/dbt/catalog/v1.json"
    return json.dumps({"metadata": {"dbt_schema_version": version}, "nodes": nodes}).encode()


def test_what_was_captured_wins_over_the_catalog_file() -> None:
    history = DictHistory()
    content = catalog_json(fct={"id": "integer", "old": "text"}, a_view={"x": "text"})
    history.add_artifact(Artifact("catalog", "1", "2026-01-01", content))
    fct = RelationName("marts", "fct")
    history.add_capture(
        CapturedFacts(
            Capture("1", NOON, target_schema="analytics"),
            columns=(ColumnProfile(fct, "id", "bigint", NOON, position=1, not_null=True),),
        )
    )
    warehouse = RememberedWarehouse(history)
    assert {table.relation: table.columns for table in warehouse.catalog().tables} == {
        fct: (Column("id", "bigint", not_null=True),),
        RelationName("marts", "a_view"): (Column("x", "text"),),
    }
    assert warehouse.search_path() == ("analytics", "public")


def test_a_history_that_knows_no_columns_is_an_empty_warehouse() -> None:
    warehouse = RememberedWarehouse(DictHistory())
    assert warehouse.catalog().tables == ()
    assert warehouse.search_path() == ("public",)
