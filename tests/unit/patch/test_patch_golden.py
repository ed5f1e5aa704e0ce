"""Golden cases: one model, one change, the file before and after."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dbt_schema_evolve.patch.diff import applied
from tests.unit.patch.builders import SQL, YML, plan, spec_from

GOLDEN = Path(__file__).parents[2] / "golden" / "patch"


def cases(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load((GOLDEN / name).read_text())
    return loaded


def check(case: dict[str, Any], edited: str, newline: str) -> None:
    texts = {SQL: case.get("sql", "select 1\n"), **({YML: case["yml"]} if "yml" in case else {})}
    files = {path: text.replace("\n", newline) for path, text in texts.items()}
    node = {"config": case["config"]} if "config" in case else {}
    adapter = case.get("adapter", "postgres")
    patch, skips = plan(files, spec_from(case), adapter_type=adapter, **node)
    if "by_hand" in case:
        assert patch.edits == ()
        assert [case["by_hand"] in skip.reason for skip in skips] == [True]
        return
    assert skips == ()
    assert [edit.path for edit in patch.edits] == [edited]
    content = {path: text.encode() for path, text in files.items()}
    after = applied(patch, content)
    assert after[edited].decode() == case["after"].replace("\n", newline)
    assert applied(patch.inverse, after) == content


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", cases("sql.yml"))
def test_a_change_in_sql(name: str, newline: str) -> None:
    check(cases("sql.yml")[name], SQL, newline)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", cases("yaml.yml"))
def test_a_change_in_yaml(name: str, newline: str) -> None:
    check(cases("yaml.yml")[name], YML, newline)
