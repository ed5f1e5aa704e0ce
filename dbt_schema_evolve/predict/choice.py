"""Which predictor speaks: a learned one as long as it deserves it, else a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.predict.drift import Matured, broken
from dbt_schema_evolve.predict.linear_trend import LinearTrend
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.stability import Population
from dbt_schema_evolve.records.forecasts import Case
from dbt_schema_evolve.records.prospects import Spoke

PROJECTION = "projection"
BASELINES: Mapping[str, Predictor] = {
    PROJECTION: ElasticityProjection(),
    "linear trend": LinearTrend(),
    "persistence": Persistence(),
}


@dataclass(frozen=True, slots=True)
class Learned:
    """A predictor that was trained, and what tells whether it still holds."""

    name: str  # prior, own
    id: str  # another one after each training
    predictor: Predictor
    population: Population | None  # what subjects were like in training
    reason: str  # why it is the one to be heard


@dataclass(frozen=True, slots=True)
class Candidates:
    """What could speak."""

    learned: Learned | None = None
    baseline: str = PROJECTION  # speaks where there is no learned one
    reason: str = "no predictor was trained yet"  # why that speaks


NOBODY = Candidates()
"""Nobody learned anything: the projection speaks."""


def chosen(
    candidates: Candidates, cases: Sequence[Case], matured: Sequence[Matured]
) -> tuple[Predictor, Spoke]:
    """Return who speaks for these cases, and why.

    `matured` are forecasts of the learned predictor whose outcome is known.
    """
    learned = candidates.learned
    if learned is None:
        return BASELINES[candidates.baseline], Spoke(candidates.baseline, candidates.reason)
    reason = broken(learned.population, [case.features for case in cases], matured)
    if reason:
        return BASELINES[PROJECTION], Spoke(PROJECTION, f"not {learned.name}: {reason}")
    return learned.predictor, Spoke(learned.name, learned.reason)
