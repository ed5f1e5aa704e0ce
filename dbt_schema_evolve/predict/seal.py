"""A trained model as named files and a manifest of their sums: whole and unchanged, or refused.

Sums guard against damage and mixed-up versions. What keeps a model from running code is that its
parts are text and plain numbers, never a serialised object.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dbt_schema_evolve.errors import PredictorError

MANIFEST = "manifest.json"
SUMS = "sha256"


@dataclass(frozen=True, slots=True)
class Seal:
    """Closes and opens one kind of model."""

    model: str  # what an error calls it
    format: int
    remedy: str  # what to do about one that is refused

    def close(self, facts: Mapping[str, Any], parts: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the files by name: the parts, and a manifest with facts and sums."""
        manifest = {"format": self.format, **facts}
        sums = {name: sha256(part).hexdigest() for name, part in sorted(parts.items())}
        manifest[SUMS] = {MANIFEST: _sum(manifest, sums), **sums}
        return {MANIFEST: json.dumps(manifest, indent=1).encode() + b"\n", **parts}

    def open(
        self, files: Mapping[str, bytes], at: str
    ) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
        """Return the facts and the parts; raises PredictorError where a byte is another."""
        if MANIFEST not in files:
            raise self.refused(f"has no {MANIFEST}", at)
        try:
            manifest = json.loads(files[MANIFEST])
            if manifest["format"] != self.format:
                reason = f"has format {manifest['format']}; this version reads {self.format}"
                raise self.refused(reason, at)
            sums = manifest.pop(SUMS)
            intact = sums.pop(MANIFEST) == _sum(manifest, sums)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self.refused(f"is damaged: {MANIFEST} is none of ours", at) from error
        if not intact:
            raise self.refused(f"was changed: {MANIFEST} does not add up", at)
        parts = {name: data for name, data in files.items() if name != MANIFEST}
        for name in sorted(sums.keys() | parts.keys()):
            if name not in parts:
                raise self.refused(f"is incomplete: it lacks {name}", at)
            if name not in sums:
                raise self.refused(f"holds {name}, which its manifest does not name", at)
            if sha256(parts[name]).hexdigest() != sums[name]:
                raise self.refused(f"was changed: {name} is not the file of its manifest", at)
        return manifest, parts

    def refused(self, reason: str, at: str) -> PredictorError:
        """Return the one error that every kind of refusal is."""
        return PredictorError(f"{self.model} {reason}", at=at, remedy=self.remedy)


def _sum(manifest: Mapping[str, Any], sums: Mapping[str, str]) -> str:
    text = json.dumps([manifest, sums], sort_keys=True)
    return sha256(text.encode()).hexdigest()
