"""The whole loop on a small world of its own: live some days, then advise, prove and sum up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dbt_schema_evolve.ports import LivedDay, Progress, World
from dbt_schema_evolve.records.trials import Decision
from dbt_schema_evolve.workflows.advise import Advice
from dbt_schema_evolve.workflows.validate import Validation


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to play: which users, how much data, how long."""

    seed: int
    scale: float
    days: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What only the edge can tell."""

    patch_applies: bool | None  # None: there is no git to ask
    twin_same_plan_ratio: float | None
    seconds: float
    peak_rss_bytes: int


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The demo in figures; none of them is known before it has run."""

    seed: int
    scale: float
    days: int
    orders: int  # loaded in these days
    calls: int  # sent by consumers in these days
    models: int
    sources: int
    consumers: int
    column_edges: int
    fingerprints: int
    consumer_queries: int
    forecasts: int
    recommendations: int
    accepted: int
    rejected: int
    inconclusive: int
    by_hand: int  # no patch can carry them, so they were not tried
    trials: int
    queries_timed: int
    median_speedup_ratio: float | None  # over the queries that accepted changes serve
    worst_query_ratio: float | None  # new time over old, of the query that fared worst
    results_compared: int
    results_identical: bool
    patch_applies: bool | None  # None: there is no git to ask
    twin_same_plan_ratio: float | None
    seconds: float
    peak_rss_bytes: int  # of the largest process of ours, Postgres not counted


def live(world: World, days: int, progress: Progress) -> tuple[LivedDay, ...]:
    """Open the world and live in it for some days."""
    progress.step("start Postgres, load the opening orders")
    world.open()
    lived = []
    for number in range(1, days + 1):
        progress.step(f"day {number} of {days}: load, dbt build, workload, capture")
        lived.append(world.live(number))
    return tuple(lived)


def sum_up(
    plan: DemoPlan,
    lived: Sequence[LivedDay],
    advice: Advice,
    validation: Validation,
    outcome: Outcome,
) -> DemoResult:
    """Put the demo's figures together."""
    graph = advice.lineage.graph
    decisions = Counter(verdict.decision for verdict in validation.verdicts)
    results = [check for trial in validation.trials[-1:] for check in trial.results]
    served = {name for v in validation.accepted for name in v.served}
    speedups = [1 / s.measured_ratio for s in validation.speeds if s.fingerprint in served]
    return DemoResult(
        seed=plan.seed,
        scale=plan.scale,
        days=len(lived),
        orders=sum(day.orders for day in lived),
        calls=sum(day.calls for day in lived),
        models=len(advice.lineage.project.models),
        sources=len(advice.lineage.project.sources),
        consumers=len(graph.consumers),
        column_edges=len(graph.column_edges),
        fingerprints=len(advice.lineage.statements),
        consumer_queries=len(advice.evidence.queries),
        forecasts=len(advice.prediction.forecasts),
        recommendations=len(advice.selection.recommendations),
        accepted=decisions[Decision.ACCEPT],
        rejected=decisions[Decision.REJECT],
        inconclusive=decisions[Decision.INCONCLUSIVE],
        by_hand=len(advice.selection.recommendations) - len(advice.patch.recommendations),
        trials=len(validation.trials),
        queries_timed=len(validation.speeds),
        median_speedup_ratio=median(speedups) if speedups else None,
        worst_query_ratio=max((s.measured_ratio for s in validation.speeds), default=None),
        results_compared=sum(check.identical is not None for check in results),
        results_identical=bool(results) and all(check.identical is not False for check in results),
        patch_applies=outcome.patch_applies,
        twin_same_plan_ratio=outcome.twin_same_plan_ratio,
        seconds=outcome.seconds,
        peak_rss_bytes=outcome.peak_rss_bytes,
    )
