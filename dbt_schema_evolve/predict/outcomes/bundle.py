"""A trained belief as files: two tree ensembles in LightGBM's text, and a manifest that names them.

Text, and never a serialised object, because loading a model must not run code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.outcomes.features import FEATURES

FORMAT = 1
MANIFEST = "manifest.json"
PARTS = ("slower", "faster")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The text of both ensembles, and where they come from."""

    slower: str  # the chance that a query is measured slower
    faster: str
    origin: str  # what it learned from, in a sentence
    outcomes: int  # how many


def write_bundle(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a bundle by name."""
    texts = {f"{part}.txt": getattr(bundle, part).encode() for part in PARTS}
    manifest = {
        "format": FORMAT,
        "origin": bundle.origin,
        "outcomes": bundle.outcomes,
        "features": FEATURES,
        "sha256": {name: sha256(text).hexdigest() for name, text in texts.items()},
    }
    return {MANIFEST: json.dumps(manifest, indent=1).encode() + b"\n", **texts}


def read_bundle(files: Mapping[str, bytes], at: str) -> Bundle:
    """Read what `write_bundle` wrote; raises PredictorError where a byte of it is another."""
    try:
        manifest: dict[str, Any] = json.loads(files[MANIFEST])
        if manifest["format"] != FORMAT or tuple(manifest["features"]) != FEATURES:
            raise _refused("was made for another version's numbers", at)
        texts = {}
        for part in PARTS:
            text = files[f"{part}.txt"]
            if sha256(text).hexdigest() != manifest["sha256"][f"{part}.txt"]:
                raise _refused(f"{part}.txt is not the file that its manifest names", at)
            texts[part] = text.decode()
        return Bundle(**texts, origin=manifest["origin"], outcomes=manifest["outcomes"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(f"is incomplete or damaged ({type(error).__name__})", at) from error


def _refused(reason: str, at: str) -> PredictorError:
    return PredictorError(
        f"the model of measured outcomes {reason}",
        at=at,
        remedy="install dbt-schema-evolve anew; nothing of the project depends on this file",
    )
