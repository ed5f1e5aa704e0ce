"""The source system's errors, as far as they need no data."""

import shutil
import sys
from datetime import date
from pathlib import Path

import pytest

from dbt_schema_evolve.backends.demo.tpch import TpchSource, days
from dbt_schema_evolve.errors import EvolveError


def test_a_missing_generator_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EvolveError, match="tpchgen-cli is not installed") as caught:
        TpchSource(tmp_path / "data", 0.01).generate()
    assert "dbt-schema-evolve[demo]" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scale", [0, -1, float("nan")])
def test_a_scale_must_be_above_zero(tmp_path: Path, scale: float) -> None:
    with pytest.raises(EvolveError, match="above 0"):
        TpchSource(tmp_path, scale).generate()


@pytest.mark.skipif(shutil.which("false") is None, reason="needs a program that fails")
def test_a_generator_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "tpchgen-cli").symlink_to(str(shutil.which("false")))
    monkeypatch.setattr(sys, "executable", str(tools / "python"))
    with pytest.raises(EvolveError, match="tpchgen-cli failed"):
        TpchSource(tmp_path / "data", 0.01).generate()
    assert list((tmp_path / "data").iterdir()) == []


def test_days_without_tpch_orders_are_refused() -> None:
    with pytest.raises(EvolveError, match="1992-01-01 to 1998-08-02"):
        days(date(1998, 8, 1), date(1998, 8, 3))
