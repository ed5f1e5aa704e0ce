"""What subjects were like in training, as a part of a model's bundle."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable
from dbt_schema_evolve.predict.stability import FeatureBins, Population, population
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import FeatureVector

NAME = "population"


def population_part(examples: Iterable[Example]) -> Part:
    """Return what a bundle keeps of the features of its examples; `population_of` reads it.

    All of them are held at once: of a large fleet a few cut-offs a project will do.
    """
    groups: dict[tuple[str, datetime], list[FeatureVector]] = defaultdict(list)
    for example in examples:
        groups[example.group, example.case.cutoff].append(example.case.features)
    found = population(groups[key] for key in sorted(groups))
    bins = {each.feature: [list(each.edges), list(each.counts)] for each in found.bins}
    return Part({}, {"bins": bins, "usual": found.usual})


def population_of(bundle: Bundle) -> Population | None:
    """Return what subjects were like; None where a model does not say. Raises PredictorError."""
    part = bundle.parts.get(NAME)
    if part is None:
        return None
    try:
        bins = tuple(
            FeatureBins(name, tuple(map(float, edges)), tuple(map(int, counts)))
            for name, (edges, counts) in sorted(part.facts["bins"].items())
        )
        usual = float(part.facts["usual"])
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise unreadable(type(error).__name__, "") from error
    if any(len(each.counts) != len(each.edges) + 2 for each in bins):
        raise unreadable("bins without counts", "")
    return Population(bins, usual)
