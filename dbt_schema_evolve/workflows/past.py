"""What came of moments that are past: of forecasts that were issued, and of those that might be."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from dbt_schema_evolve.predict.drift import Matured
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import NEXT_RUNS, outcomes
from dbt_schema_evolve.records.examples import Outcome
from dbt_schema_evolve.records.forecasts import Case, Observation
from dbt_schema_evolve.records.prospects import Issued

_MOST = 5_000  # forecasts that are scored, the newest: more would not make the score surer


def observed_outcomes(observations: Sequence[Observation]) -> tuple[Outcome, ...]:
    """Return what came of the cut-off right after each observation."""
    return outcomes(
        [each.mean_us for each in observations],
        [work(each) for each in observations],
        [each.at for each in observations],
    )


def work(observation: Observation) -> float | None:
    """Return the blocks that a call touched, spilled ones included; None: nobody counted."""
    if observation.blocks_per_call is None:
        return None
    return observation.blocks_per_call + (observation.temp_blocks_per_call or 0.0)


def matured(issued: Iterable[Issued], cases: Iterable[Case]) -> tuple[Matured, ...]:
    """Return the probabilities whose outcome is known by now; `cases` are those of now."""
    observations = {case.subject: case.observations for case in cases}
    newest = sorted(issued, key=lambda each: (each.made_at, each.subject), reverse=True)
    found: list[Matured] = []
    for each in newest:
        if len(found) == _MOST:
            break
        held = observations.get(each.subject, ())
        if each.predicted_probability is None or not held:
            continue
        came = _came(held, each)
        if came is not None:
            found.append(Matured(each.subject, each.made_at, each.predicted_probability, came))
    return tuple(sorted(found, key=lambda one: (one.made_at, one.subject)))


def _came(observations: Sequence[Observation], issued: Issued) -> bool | None:
    """Return whether a subject degraded after a forecast; None: not known, or a near miss."""
    seen = bisect_right([each.at for each in observations], issued.made_at)
    first = max(seen - RECENT, 0)
    around = observations[first : seen + NEXT_RUNS]
    return observed_outcomes(around)[seen - first - 1].degraded if seen else None
