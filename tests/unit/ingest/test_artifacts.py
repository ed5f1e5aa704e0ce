"""dbt's artifacts become records, whatever dbt left out; what is no artifact is refused clearly."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest, read_run_results
from dbt_schema_evolve.records.relations import RelationName


def schema(kind: str, version: int) -> str:
    return f"https://schemas.getdbt.com/dbt/{kind}/v{version}.json"


def manifest(version: int = 12, **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "dbt_schema_version": schema("manifest", version),
            "adapter_type": "postgres",
            "project_name": "shop",
            "invocation_id": "i",
            "generated_at": "2026-01-01T00:00:00Z",
        },
        "nodes": {
            "model.shop.orders": {
                "name": "orders",
                "resource_type": "model",
                "package_name": "shop",
                "schema": "Mart.s",
                "fqn": ["shop", "marts", "orders"],
                "alias": 'Örders "x"',
                "relation_name": '"db"."Mart.s"."Örders ""x"""',
                "original_file_path": "models/orders.sql",
                "patch_path": "shop://models\\marts.yml",
                "depends_on": {"nodes": ["source.shop.raw.o", "model.shop.e"], "macros": []},
                "compiled_code": "select 1",
                "columns": {"id": {"name": "id"}},
                "config": {
                    "materialized": "table",
                    "indexes": [{"columns": ["id"]}],
                    "meta": {"schema_evolve": {"a": 1}},
                },
                "unrendered_config": {"materialized": "{{ var('m') }}"},
            },
            "model.shop.e": {"config": {"materialized": "ephemeral"}, "schema": "s"},
            "seed.shop.countries": {"schema": "s", "name": "countries"},
            "test.shop.unique": {"schema": "s", "config": {"materialized": "test"}},
            "analysis.shop.look": {"schema": "s"},
        },
        "sources": {
            "source.shop.raw.o": {"schema": "raw", "name": "o", "identifier": "ORDERS"},
        },
        "exposures": {
            "exposure.shop.board": {
                "name": "board",
                "type": "dashboard",
                "owner": {"email": ["a@b.c", "d@e.f"]},
                "depends_on": {"nodes": ["model.shop.orders"]},
            }
        },
        **changes,
    }


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_manifest_becomes_a_project() -> None:
    project = read_manifest(encoded(manifest()), "m.json")
    orders = project.by_id()["model.shop.orders"]
    assert project.name == "shop"
    assert orders.relation == RelationName("Mart.s", 'Örders "x"')
    assert orders.patch_path == "models/marts.yml"
    assert orders.fqn == ("shop", "marts", "orders")
    assert orders.depends_on == ("model.shop.e", "source.shop.raw.o")
    assert orders.config["indexes"] == [{"columns": ["id"]}]
    assert orders.config["meta"] == {"schema_evolve": {"a": 1}}
    assert orders.unrendered_config == {"materialized": "{{ var('m') }}"}


def test_a_source_is_known_by_its_identifier() -> None:
    project = read_manifest(encoded(manifest()), "m.json")
    assert project.sources[0].relation == RelationName("raw", "ORDERS")


def test_ephemeral_models_and_tests_have_no_relation_and_analyses_are_left_out() -> None:
    nodes = read_manifest(encoded(manifest()), "m.json").by_id()
    assert nodes["model.shop.e"].relation is None
    assert nodes["test.shop.unique"].relation is None
    assert nodes["seed.shop.countries"].materialized == "seed"
    assert "analysis.shop.look" not in nodes


def test_tags_are_those_of_the_node_and_of_its_config() -> None:
    tagged = manifest()
    tagged["nodes"]["model.shop.orders"] |= {"tags": ["nightly", "core"]}
    tagged["nodes"]["model.shop.orders"]["config"]["tags"] = ["core", "pii"]
    tagged["nodes"]["model.shop.e"]["config"]["tags"] = "alone"
    nodes = read_manifest(encoded(tagged), "m.json").by_id()
    assert nodes["model.shop.orders"].tags == ("core", "nightly", "pii")
    assert nodes["model.shop.e"].tags == ("alone",)
    assert nodes["seed.shop.countries"].tags == ()


def test_an_owner_may_be_a_list_of_addresses() -> None:
    assert read_manifest(encoded(manifest()), "m.json").exposures[0].owner == "a@b.c"


@pytest.mark.parametrize(
    ("env", "commit"),
    [
        ({"DBT_CLOUD_GIT_SHA": "5D41402ABC"}, "5d41402abc"),
        ({"GITHUB_SHA": "a" * 40, "DBT_CLOUD_RUN_ID": "7"}, "a" * 40),
        ({"DBT_CLOUD_GIT_SHA": "None"}, ""),
        ({}, ""),
        (["no", "mapping"], ""),
    ],
)
def test_the_commit_is_what_the_runner_told_dbt(env: object, commit: str) -> None:
    run = manifest()
    run["metadata"]["env"] = env
    assert read_manifest(encoded(run), "m.json").git_commit == commit


@pytest.mark.parametrize("version", [4, 6, 7, 10, 12, 20])
def test_every_schema_version_in_use_is_read(version: int) -> None:
    assert read_manifest(encoded(manifest(version)), "m.json").models


def test_sql_from_before_it_was_called_code_is_read() -> None:
    old = manifest(4)
    old["nodes"]["model.shop.e"] |= {"raw_sql": "select {{ 1 }}", "compiled_sql": "select 1"}
    node = read_manifest(encoded(old), "m.json").by_id()["model.shop.e"]
    assert (node.raw_code, node.compiled_code) == ("select {{ 1 }}", "select 1")


@given(st.sampled_from(["nodes", "sources", "exposures"]), st.text(), st.integers())
def test_unknown_keys_and_nulls_lose_nothing_that_is_known(part: str, key: str, value: int) -> None:
    plain = manifest()
    known = {"name", "schema", "resource_type", "columns", "config", "depends_on", "owner", "type"}
    for entry in plain[part].values():
        if key not in known | entry.keys():
            entry[f"new_{key}"] = value
        entry.update(dict.fromkeys(known - entry.keys()))
    assert read_manifest(encoded(plain), "m") == read_manifest(encoded(manifest()), "m")


WHOLE = encoded(manifest())
BROKEN = {
    "empty": (b"", "empty"),
    "cut short": (WHOLE[: len(WHOLE) // 2], "not whole JSON"),
    "no JSON": (b"<html>", "not whole JSON"),
    "no text": (b"\xff\xfe\x00", "not whole JSON"),
    "another shape": (b"[1, 2]", "no manifest"),
    "a wrong type": (encoded(manifest(nodes=3)), "no manifest"),
    "somebody else's JSON": (b'{"a": 1}', "names no dbt schema"),
    "another artifact": (
        encoded({"metadata": {"dbt_schema_version": schema("catalog", 1)}, "nodes": {}}),
        "it is a catalog",
    ),
    "a future version": (encoded(manifest(99)), "v99 is not one that we read"),
}


@pytest.mark.parametrize(("data", "problem"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_manifest_is_refused_with_a_remedy(data: bytes, problem: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        read_manifest(data, "target/manifest.json")
    assert problem in caught.value.problem
    assert caught.value.at == "target/manifest.json"
    assert caught.value.remedy


@pytest.mark.parametrize("adapter", ["redshift", "snowflake", None])
def test_a_manifest_of_another_adapter_is_refused_by_name(adapter: str | None) -> None:
    other = manifest()
    other["metadata"]["adapter_type"] = adapter
    with pytest.raises(ArtifactError, match=adapter or "none named"):
        read_manifest(encoded(other), "m.json")


def test_run_results_become_runs_in_whole_microseconds() -> None:
    results = {
        "metadata": {"dbt_schema_version": schema("run-results", 6), "invocation_id": "i"},
        "args": {"which": "build", "threads": 4},
        "results": [
            {
                "unique_id": "model.shop.orders",
                "status": "success",
                "execution_time": 1.2345678,
                "timing": [
                    {"name": "compile", "started_at": "2026-01-01T00:00:00Z"},
                    {"name": "execute", "started_at": "2026-01-01T00:00:01Z"},
                ],
            },
            {"unique_id": "test.shop.unique", "status": "skipped", "timing": []},
        ],
    }
    found = read_run_results(encoded(results), "run_results.json")
    assert found.which == "build"
    assert found.runs[0].execution_us == 1_234_568
    assert found.runs[0].started_at == "2026-01-01T00:00:01Z"
    assert found.runs[1].started_at is None


def test_a_catalogs_columns_are_in_the_tables_order() -> None:
    catalog = {
        "metadata": {"dbt_schema_version": schema("catalog", 1)},
        "nodes": {
            "model.shop.orders": {
                "metadata": {"schema": "s", "name": "orders"},
                "columns": {
                    "b": {"name": "B b", "type": "text", "index": 2},
                    "a": {"type": "integer", "index": 1},
                },
            }
        },
    }
    (table,) = read_catalog(encoded(catalog), "catalog.json")
    assert table.relation == RelationName("s", "orders")
    assert table.columns == (("a", "integer"), ("B b", "text"))
