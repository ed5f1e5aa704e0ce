"""What trees learned: five ensembles and what makes their answers honest, as a part of a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable
from dbt_schema_evolve.predict.conformal import BANDS, Correction
from dbt_schema_evolve.predict.trees.chance import Chance
from dbt_schema_evolve.records.forecasts import CauseKind

NAME = "trees"
QUANTILES = ("low", "middle", "high")
ENSEMBLES = ("degraded", *QUANTILES, "flips")


@dataclass(frozen=True, slots=True)
class Trees:
    """Ensembles in LightGBM's text."""

    # Columns of a row; ensembles that are asked of a horizon have HORIZON_FEATURES behind them.
    features: tuple[str, ...]
    causes: Mapping[str, CauseKind]  # what a feature speaks of; one that is missing, of nothing
    degraded: str  # log-odds of a degradation within the next seven runs
    low: str  # quantiles of log(time at a horizon / level)
    middle: str
    high: str
    flips: str  # log-odds of another plan within a horizon; empty: of no plan was it known
    chance: Chance
    flip_chance: Chance
    correction: Correction
    base_rate: float  # of degradations where it learned
    figures: Mapping[str, float]  # how good it was on groups that it did not learn from


def part_of(trees: Trees) -> Part:
    """Return trees as a part of a bundle."""
    return Part(
        {f"{name}.txt": getattr(trees, name).encode() for name in ENSEMBLES},
        {
            "features": list(trees.features),
            "causes": {name: kind.value for name, kind in sorted(trees.causes.items())},
            "chance": [trees.chance.slope, trees.chance.offset],
            "flip_chance": [trees.flip_chance.slope, trees.flip_chance.offset],
            "correction": list(trees.correction.by_band),
            "base_rate": trees.base_rate,
            "figures": dict(trees.figures),
        },
    )


def trees_of(bundle: Bundle, at: str = "") -> Trees:
    """Return a bundle's trees; raises PredictorError where it has none that can be understood."""
    try:
        part = bundle.parts[NAME]
        facts = part.facts
        corrections = tuple(float(each) for each in facts["correction"])
        if len(corrections) != len(BANDS):
            raise unreadable("other bands of horizons", at)
        return Trees(
            features=tuple(facts["features"]),
            causes={name: CauseKind(kind) for name, kind in facts["causes"].items()},
            **{name: part.files[f"{name}.txt"].decode() for name in ENSEMBLES},
            chance=_chance(facts["chance"]),
            flip_chance=_chance(facts["flip_chance"]),
            correction=Correction(corrections),
            base_rate=float(facts["base_rate"]),
            figures=dict(facts["figures"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"{type(error).__name__}: {error}", at) from error


def _chance(line: Sequence[float]) -> Chance:
    slope, offset = line
    return Chance(float(slope), float(offset))
