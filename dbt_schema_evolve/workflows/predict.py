"""What will be slower at the horizon: consumers' queries and model builds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.row_dates import with_earlier_sizes
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.predict.choice import NOBODY, Candidates, chosen
from dbt_schema_evolve.predict.forecasts import forecasts
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.prospects import Spoke
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.facts import read_facts
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.past import matured

JUDGED = timedelta(days=60)
"""How far back forecasts are held against what came: older ones were of another warehouse."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Forecasts, the steepest first, and the subjects whose history does not carry one."""

    forecasts: tuple[Forecast, ...]
    skips: tuple[Skip, ...]
    cases: tuple[Case, ...]
    predictor: Predictor
    spoke: Spoke
    made_at: datetime
    horizon_days: float


def predict(
    lineage: Lineage,
    history: History,
    now: datetime,
    horizon_days: float,
    candidates: Candidates = NOBODY,
    earlier: Sequence[RelationProfile] = (),
) -> Prediction:
    """Forecast every consumer's query and every build from facts no later than `now`.

    `earlier` are sizes from before the first capture, as far as dates in the tables tell them.
    """
    facts = with_earlier_sizes(read_facts(lineage, history, now), earlier, now)
    cases = Cases(facts).at(now)
    learned = candidates.learned
    issued = history.forecasts(learned.id, now - JUDGED) if learned is not None else ()
    predictor, spoke = chosen(candidates, cases, matured(issued, cases))
    found, skips = forecasts(cases, horizon_days, predictor)
    return Prediction(found, skips, cases, predictor, spoke, now, horizon_days)
