"""torch is an extra: nothing loads it before somebody asks, and everything else works without."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
HIDDEN = """
from importlib.machinery import PathFinder

visible = PathFinder.find_spec

def find_spec(name, path=None, target=None):
    hidden = name.partition(".")[0] in {"torch", "safetensors"}
    return None if hidden else visible(name, path, target)

PathFinder.find_spec = find_spec
"""
ONLY_WITH_TORCH = {
    f"dbt_schema_evolve.predict.network.{name}" for name in ("model", "training", "weights")
}


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def test_every_other_module_can_be_imported() -> None:
    failed = run(
        HIDDEN + "import importlib, pkgutil, dbt_schema_evolve as package\n"
        "for found in pkgutil.walk_packages(package.__path__, 'dbt_schema_evolve.'):\n"
        "    try: importlib.import_module(found.name)\n"
        "    except ImportError: print(found.name)\n"
    )
    assert set(failed.split()) == ONLY_WITH_TORCH


def test_the_network_says_that_it_is_not_available() -> None:
    ask = "from dbt_schema_evolve.predict.network.predictor import available; print(available())"
    assert run(HIDDEN + ask) == "False\n"


@pytest.mark.parametrize(
    "module",
    ["", ".cli", ".predict.blend", ".predict.network.predictor", ".predict.network.series"],
)
def test_nothing_loads_it_before_somebody_asks(module: str) -> None:
    code = f"import sys, dbt_schema_evolve{module}; print(*sys.modules)"
    assert not {"torch", "safetensors", "lightgbm"} & set(run(code).split())
