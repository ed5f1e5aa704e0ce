"""How the features were spread in training, as a part of a model's bundle."""

from collections.abc import Sequence

from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable
from dbt_schema_evolve.predict.stability import FeatureBins

POPULATION = "population"


def population_part(bins: Sequence[FeatureBins]) -> Part:
    """Return what a bundle keeps of the bins; `population` reads it."""
    return Part({}, {each.feature: [list(each.edges), list(each.counts)] for each in bins})


def population(bundle: Bundle) -> tuple[FeatureBins, ...]:
    """Return the bins; none where a model was made without. Raises PredictorError."""
    part = bundle.parts.get(POPULATION)
    if part is None:
        return ()
    try:
        return tuple(
            FeatureBins(name, tuple(map(float, edges)), tuple(map(int, counts)))
            for name, (edges, counts) in sorted(part.facts.items())
            if len(counts) == len(edges) + 2
        )
    except (TypeError, ValueError) as error:
        raise unreadable(type(error).__name__, "") from error
