"""A project of the fleet -> its cut-offs: what was known, what baselines said, what came of it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import log
from statistics import median

from benchmarks.degradation.oracle import Oracle
from benchmarks.degradation.short import SEEN_DAYS, seen_for
from benchmarks.degradation.table import Line
from benchmarks.fleet.flips import flip_came
from benchmarks.fleet.live import CATALOG_EVERY
from benchmarks.fleet.records import FleetProject
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.row_dates import with_earlier_sizes
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import outcomes
from dbt_schema_evolve.predict.linear_trend import LinearTrend
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip

BASELINES: Mapping[str, Predictor] = {
    "persistence": Persistence(),
    "linear_trend": LinearTrend(),
    "projection": ElasticityProjection(),
}
HORIZON_DAYS = 7.0  # as far as the label looks
SAID = "said_"  # prefix of what baselines say: a probability, and the ends of an interval
KEPT = "kept_"  # prefix of what predictors need of a case beside its features
SHORT_EVERY = CATALOG_EVERY  # days on which the planner is asked, as it is on anybody's first day
LONG_DAYS = 30  # the history that baselines have where the shortest is compared with them


@dataclass(frozen=True, slots=True)
class Moment:
    """One subject right after one of its runs."""

    run: int  # counted from its first
    day: int
    example: Example


def moments(
    project: FleetProject, cases_at: Callable[[datetime], tuple[Case, ...]], every: int = 1
) -> Iterator[Moment]:
    """Yield the moments that have a level, in the order of time; of every so many days one."""
    came, flipped = _outcomes(project), _flipped(project)
    for cutoff in sorted({at for _, at in came}):
        day = min(moment.day for (_, at), moment in came.items() if at == cutoff)
        if day % every:
            continue
        for case in cases_at(cutoff):
            found = came.get((case.subject, cutoff))
            if found is not None:
                outcome = replace(found.outcome, flipped=flipped.get((case.subject, cutoff), {}))
                yield Moment(found.run, day, Example(project.name, case, outcome))


def plans_alone(example: Example) -> Example:
    """Leave out what came of everything but its plans.

    Plans are looked at on few days, and flips are rare: who learns of times every few days learns
    of plans from all of those.
    """
    return replace(example, outcome=Outcome(None, None, {}, example.outcome.flipped))


def short_moments(project: FleetProject, seen_on: Callable[[int], int]) -> Iterator[Moment]:
    """Yield moments of every fifth day as if the project had been looked at for a few days only.

    `seen_on` says for how many, by the day. Whether it degrades is told by its whole past. How slow
    it gets is told against the level that these few days have.
    """
    days = {run.at: run.day for runs in project.runs.values() for run in runs}

    def cases_at(cutoff: datetime) -> tuple[Case, ...]:
        facts = seen_for(project.facts, seen_on(days[cutoff]), cutoff)
        told = project.row_dates.get(cutoff, ())
        return Cases(with_earlier_sizes(facts, told, cutoff)).at(cutoff)

    for moment in moments(project, cases_at, SHORT_EVERY):
        case, outcome = moment.example.case, moment.example.outcome
        runs = project.runs[case.subject][moment.run + 1 - RECENT : moment.run + 1]
        level = median(run.best_us for run in runs)
        seen = median(run.best_us for run in runs[-len(case.observations) :])
        ratios = {ahead: r + log(level / seen) for ahead, r in outcome.log_ratios.items()}
        yield replace(
            moment, example=replace(moment.example, outcome=replace(outcome, log_ratios=ratios))
        )


def in_turns(project: int) -> Callable[[int], int]:
    """Return for how many days a project counts as seen, by the day: each length takes its turn."""
    return lambda day: SEEN_DAYS[(day // SHORT_EVERY + project) % len(SEEN_DAYS)]


@dataclass(frozen=True, slots=True)
class _Came:
    run: int
    day: int
    outcome: Outcome


def _outcomes(project: FleetProject) -> dict[tuple[str, datetime], _Came]:
    found = {}
    for subject, runs in project.runs.items():
        came = outcomes(
            [run.best_us for run in runs], [run.work for run in runs], [run.at for run in runs]
        )
        for number, (run, outcome) in enumerate(zip(runs, came, strict=True)):
            if number + 1 >= RECENT:
                found[subject, run.at] = _Came(number, run.day, outcome)
    return found


def _flipped(project: FleetProject) -> dict[tuple[str, datetime], dict[int, bool]]:
    """Return whether plans changed, by subject, cut-off and days ahead, where that was asked."""
    found: defaultdict[tuple[str, datetime], dict[int, bool]] = defaultdict(dict)
    for outlook in project.facts.outlooks:
        runs = project.runs.get(outlook.subject, ())
        came = flip_came(runs, outlook) if outlook.horizon_days else None
        if came is not None:
            found[outlook.subject, outlook.made_at][round(outlook.horizon_days)] = came
    return found


def lines(project: FleetProject) -> Iterator[Line]:
    """Yield all moments with everything that was known, and what baselines and the oracle say."""
    oracle = Oracle(project)
    for moment in moments(project, Cases(project.facts).at):
        case = moment.example.case
        values = dict(case.features.values) | _kept(case) | oracle.features(case)
        for name, baseline in BASELINES.items():
            (answer,) = baseline.predict([case], HORIZON_DAYS)
            values |= _said(name, answer)
        yield _line(moment, values)


def short_lines(project: FleetProject, days: int) -> Iterator[Line]:
    """Yield what was known of moments of every fifth day, looked at for so many days only."""
    for moment in short_moments(project, lambda _: days):
        case = moment.example.case
        yield _line(moment, dict(case.features.values) | _kept(case))


def _line(moment: Moment, values: Mapping[str, float]) -> Line:
    example = moment.example
    return Line(example.case.subject, moment.run, moment.day, example.outcome, values)


def _kept(case: Case) -> dict[str, float]:
    if case.driver is None:
        return {}
    return {
        f"{KEPT}growth_ratio": case.driver.growth.ratio_per_day,
        f"{KEPT}exponent": case.driver.elasticity.exponent,
    }


def _said(name: str, answer: Forecast | Skip) -> dict[str, float]:
    """Who says nothing warns of nothing, and is not asked how sure he is."""
    if isinstance(answer, Skip):
        return {f"{SAID}{name}_chance": 0.0}
    return {
        f"{SAID}{name}_chance": answer.predicted_probability or 0.0,
        f"{SAID}{name}_low": log(answer.predicted_low_us / answer.measured_us),
        f"{SAID}{name}_high": log(answer.predicted_high_us / answer.measured_us),
    }
