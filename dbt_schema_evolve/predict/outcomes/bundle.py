"""A trained belief as files: two tree ensembles in LightGBM's text, and a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass

from dbt_schema_evolve.predict.outcomes.features import FEATURES
from dbt_schema_evolve.predict.seal import Seal

PARTS = ("slower", "faster")
_SEAL = Seal(
    "the model of measured outcomes",
    format=2,
    remedy="install dbt-schema-evolve anew; nothing of the project depends on this file",
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The text of both ensembles, and where they come from."""

    slower: str  # the chance that a query is measured slower
    faster: str
    origin: str  # what it learned from, in a sentence
    outcomes: int  # how many


def write_bundle(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a bundle by name."""
    facts = {"origin": bundle.origin, "outcomes": bundle.outcomes, "features": FEATURES}
    return _SEAL.close(facts, {f"{part}.txt": getattr(bundle, part).encode() for part in PARTS})


def read_bundle(files: Mapping[str, bytes], at: str) -> Bundle:
    """Read what `write_bundle` wrote; raises PredictorError where a byte of it is another."""
    facts, texts = _SEAL.open(files, at)
    if tuple(facts["features"]) != FEATURES:
        raise _SEAL.refused("was made for another version's numbers", at)
    trees = {part: texts[f"{part}.txt"].decode() for part in PARTS}
    return Bundle(**trees, origin=facts["origin"], outcomes=facts["outcomes"])
