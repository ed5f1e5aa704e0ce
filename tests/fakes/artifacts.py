"""dbt's artifacts made by hand: a small shop whose models can be changed one by one."""

import json
from collections.abc import Mapping
from typing import Any

from dbt_schema_evolve.workflows.ingest import ReadArtifacts, read_artifacts

SCHEMAS = "https://schemas.getdbt.com/dbt"
MODELS: Mapping[str, tuple[str, str | None]] = {
    "stg": ("view", "select id, amount as total, status from raw.orders"),
    "fct": ("table", "select id, sum(total) as revenue from marts.stg group by id"),
}


def manifest(
    models: Mapping[str, tuple[str, str | None]] = MODELS,
    *,
    day: int = 1,
    env: Mapping[str, str] | None = None,
    raw: Mapping[str, str] | None = None,
) -> bytes:
    """The manifest of a day; a model is its materialization and its compiled SQL.

    `raw` holds what files say before dbt compiles them, of some models.
    """
    parents = {"stg": "source.shop.raw.orders", "fct": "model.shop.stg"}
    nodes: dict[str, Any] = {
        f"model.shop.{name}": {
            "resource_type": "model",
            "name": name,
            "schema": "marts",
            "alias": name,
            "config": {"materialized": materialized},
            "compiled_code": sql,
            "raw_code": (raw or {}).get(name),
            "depends_on": {"nodes": [parents.get(name, "model.shop.stg")]},
        }
        for name, (materialized, sql) in models.items()
    }
    source = {"schema": "raw", "name": "orders", "identifier": "orders"}
    return json.dumps(
        {
            "metadata": {
                "dbt_schema_version": f"{SCHEMAS}/manifest/v12.json",
                "adapter_type": "postgres",
                "project_name": "shop",
                "invocation_id": f"run-{day:03}",
                "generated_at": f"2026-03-{day:02}T06:30:00.250000Z",
                "env": env or {},
            },
            "nodes": nodes,
            "sources": {"source.shop.raw.orders": source},
        }
    ).encode()


def run_results(day: int, which: str) -> bytes:
    """What a command left behind that built nothing."""
    return json.dumps(
        {
            "metadata": {
                "dbt_schema_version": f"{SCHEMAS}/run-results/v6.json",
                "invocation_id": f"run-{day:03}",
                "generated_at": f"2026-03-{day:02}T06:31:00Z",
            },
            "args": {"which": which},
            "results": [],
        }
    ).encode()


def catalog(**columns: str) -> bytes:
    """A catalog that knows of the source alone."""
    return json.dumps(
        {
            "metadata": {"dbt_schema_version": f"{SCHEMAS}/catalog/v1.json"},
            "nodes": {},
            "sources": {
                "source.shop.raw.orders": {
                    "metadata": {"schema": "raw", "name": "orders"},
                    "columns": {
                        name: {"name": name, "type": kind, "index": number}
                        for number, (name, kind) in enumerate(columns.items())
                    },
                }
            },
        }
    ).encode()


def read(
    manifest_json: bytes, catalog_json: bytes | None = None, results: bytes | None = None
) -> ReadArtifacts:
    """What `ingest` makes of them."""
    found = {"manifest": manifest_json, "catalog": catalog_json, "run_results": results}
    return read_artifacts({kind: (text, kind) for kind, text in found.items() if text is not None})
