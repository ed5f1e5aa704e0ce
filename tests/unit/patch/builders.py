"""Projects of one model, and recommendations for it."""

from collections.abc import Mapping
from typing import Any

from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Recommendation,
    Spec,
)
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

ORDERS = RelationName("marts", "orders")
SQL, YML, PROJECT = "models/marts/orders.sql", "models/schema.yml", "dbt_project.yml"


def index(*keys: IndexKey | str, **parts: Any) -> IndexSpec:
    """An index on orders; text stands for a plain column."""
    made = tuple(key if isinstance(key, IndexKey) else IndexKey(key) for key in keys)
    return IndexSpec(ORDERS, made, **parts)


def materialized(kind: str) -> MaterializationSpec:
    return MaterializationSpec(ORDERS, kind)


def advice(spec: Spec, model_id: str = "model.shop.orders", by_hand: str = "") -> Recommendation:
    return Recommendation("kind", spec, model_id, "reason", (), (), (), 0.1, 0, 0, "undo", by_hand)


def orders(**changes: Any) -> Node:
    parts: dict[str, Any] = {
        "unique_id": "model.shop.orders",
        "resource_type": "model",
        "name": "orders",
        "package": "shop",
        "relation": ORDERS,
        "materialized": "table",
        "path": SQL,
        "raw_code": "",
    }
    return Node(**{**parts, **changes})


def project(*nodes: Node, adapter_type: str = "postgres") -> Project:
    return Project("shop", adapter_type, "1.11", "", "", nodes, (), ())


def plan(
    files: Mapping[str, str], *specs: Spec, adapter_type: str = "postgres", **node: Any
) -> tuple[ConfigPatch, tuple[Skip, ...]]:
    """The patch for orders; its properties file counts when it is among the files."""
    patch_path = YML if YML in files else None
    model = orders(**{"patch_path": patch_path, "raw_code": files.get(SQL, ""), **node})
    content = {path: text.encode() for path, text in files.items()}
    return plan_patch(
        [advice(spec, model.unique_id) for spec in specs],
        project(model, adapter_type=adapter_type),
        content,
    )


def spec_from(case: Mapping[str, Any]) -> Spec:
    """Read a golden case's `change`."""
    change = case["change"]
    if "materialized" in change:
        return materialized(change["materialized"])
    parts = dict(change.get("index") or change["drop"])
    keys = [
        IndexKey(**key) if isinstance(key, Mapping) else IndexKey(key) for key in parts.pop("keys")
    ]
    made = index(*keys, **{**parts, "include": tuple(parts.get("include", ()))})
    return DropIndexSpec(made) if "drop" in change else made
