"""A trained forecast model: parts that each predictor reads for itself, and what they learned from.

Parts are LightGBM's text and safetensors: formats that hold numbers, and cannot run anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.seal import Seal

_SUFFIXES = (".txt", ".safetensors")
REMEDY = "delete it, or leave --model out, to use what ships; or run `schema-evolve train`"
_SEAL = Seal("the forecast model", format=1, remedy=REMEDY)


@dataclass(frozen=True, slots=True)
class Part:
    """What one predictor needs: files by name, and facts that JSON can hold."""

    files: Mapping[str, bytes]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bundle:
    """All parts of a model, and where they come from."""

    parts: Mapping[str, Part]  # by predictor: "trees", "network"
    origin: str  # what it learned from, in a sentence
    examples: int
    groups: int  # warehouses that the examples are of


def write_bundle(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a bundle by name."""
    facts = {
        "origin": bundle.origin,
        "examples": bundle.examples,
        "groups": bundle.groups,
        "parts": {
            name: {"files": sorted(part.files), "facts": part.facts}
            for name, part in sorted(bundle.parts.items())
        },
    }
    files = {name: data for part in bundle.parts.values() for name, data in part.files.items()}
    return _SEAL.close(facts, files)


def read_bundle(files: Mapping[str, bytes], at: str) -> Bundle:
    """Read what `write_bundle` wrote; raises PredictorError where a byte of it is another."""
    for name in sorted(files):
        if name != "manifest.json" and PurePosixPath(name).suffix not in _SUFFIXES:
            raise _SEAL.refused(f"holds {name}: only LightGBM's text and safetensors are read", at)
    facts, data = _SEAL.open(files, at)
    try:
        parts = {
            name: Part({file: data[file] for file in part["files"]}, part["facts"])
            for name, part in facts["parts"].items()
        }
        return Bundle(parts, facts["origin"], facts["examples"], facts["groups"])
    except (KeyError, TypeError, AttributeError) as error:
        raise unreadable(type(error).__name__, at) from error


def unreadable(reason: str, at: str) -> PredictorError:
    """Return the error of a bundle that is intact, but not one that this version understands."""
    return _SEAL.refused(f"was made by another version ({reason})", at)
