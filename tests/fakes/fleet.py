"""A made-up fleet: subjects that slow down for a known reason, and examples to learn it from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random

from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import (
    Case,
    CauseKind,
    Driver,
    Elasticity,
    FeatureVector,
    Observation,
    RelationGrowth,
    Suspect,
)
from dbt_schema_evolve.records.relations import RelationName

TODAY = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS = RelationName("raw", "events")
LEVEL_US = 50_000.0
SCATTER = 0.05  # of log(time), day by day
DAYS = (1, 3, 7, 14, 21, 30)
KINDS = {
    "driver_growth_ratio_per_day": CauseKind.GROWTH,
    "outlook_flip_7": CauseKind.PLAN_FLIP,
    "bloat_growth_per_day": CauseKind.BLOAT,
    "log_us_slope_per_day": CauseKind.OWN_TREND,
}
FLIP_RATIO = 4.0


def cause_of(feature: str) -> CauseKind | None:
    return KINDS.get(feature)


def case(
    subject: str = "q",
    *,
    growth: float = 0.0,
    flips: bool = False,
    bloat: float = 0.0,
    windows: int = 14,
    slope: float | None = None,
) -> Case:
    """A subject read from one table, whose time follows that table's rows one to one."""
    daily = log(1 + growth) + bloat if slope is None else slope
    observations = tuple(
        Observation(TODAY - timedelta(days=ago), 20, LEVEL_US * exp(-daily * max(ago - 3, -3)))
        for ago in range(windows - 1, -1, -1)
    )
    return Case(
        subject=subject,
        cutoff=TODAY,
        observations=observations,
        driver=_driver(subject, growth, observations),
        features=FeatureVector(
            subject,
            TODAY,
            (
                ("bloat_growth_per_day", bloat),
                ("driver_growth_ratio_per_day", growth),
                ("log_us_slope_per_day", daily),
                ("outlook_flip_7", float(flips)),
                ("windows", float(windows)),
            ),
        ),
        relations=(EVENTS,),
        suspects=tuple(_suspects(growth, flips, bloat)),
    )


def _driver(subject: str, growth: float, observations: tuple[Observation, ...]) -> Driver:
    rows = 1_000_000
    return Driver(
        EVENTS,
        RelationGrowth("source.shop.events", rows, growth * rows, 0.001 * rows, 14.0, 14),
        Elasticity(subject, "source.shop.events", 1.0, 0.1, 0.1, 14),
        tuple(rows * exp(growth * (o.at - TODAY).days) for o in observations),
    )


def _suspects(growth: float, flips: bool, bloat: float) -> Iterator[Suspect]:
    if growth > 0:
        yield Suspect(
            CauseKind.GROWTH, "source.shop.events", f"`{EVENTS}` grows {100 * growth:.1f} % a day"
        )
    if flips:
        yield Suspect(CauseKind.PLAN_FLIP, "", "the planner will leave the index")
    if bloat > 0:
        yield Suspect(CauseKind.BLOAT, "source.shop.events", f"dead rows pile up in `{EVENTS}`")


def examples(projects: int = 40, subjects: int = 25, seed: int = 7) -> Iterator[Example]:
    """Subjects of which a third keep still; what slows the others is one cause, or two."""
    rng = Random(seed)
    for number in range(projects):
        growth = max(rng.gauss(0.02, 0.04), 0.0)
        for subject in range(subjects):
            bloat = rng.choice((0.0, 0.0, 0.0, 0.02, 0.08))
            still = rng.random() < 0.3
            flips = growth > 0.02 and rng.random() < 0.2
            made = case(
                f"q{subject}",
                growth=0.0 if still else growth,
                flips=flips,
                bloat=bloat,
                slope=(0.0 if still else log(1 + growth)) + bloat + rng.gauss(0, 0.01),
            )
            yield Example(f"p{number}", made, _outcome(made, rng))


def seen_briefly() -> Iterator[Example]:
    """A part of the same subjects when they had run once or twice: levels are off by a quarter."""
    rng = Random(8)
    for example in list(examples())[::4]:
        windows = rng.choice((1, 2))
        whole = example.case
        values = dict(whole.features.values) | {"windows": float(windows)}
        vector = FeatureVector(whole.subject, TODAY, tuple(sorted(values.items())))
        short = replace(whole, observations=whole.observations[-windows:], features=vector)
        yield Example(example.group, short, _outcome(short, rng, off=rng.gauss(0, 0.25)))


def _outcome(made: Case, rng: Random, off: float = 0.0) -> Outcome:
    ratios = {days: log_ratio(made, days) + rng.gauss(off, SCATTER) for days in range(1, 31)}
    degraded = sum(ratios[days] >= log(1.5) for days in range(1, 8)) >= 2
    return Outcome(degraded, None, ratios)


def log_ratio(made: Case, days: float) -> float:
    """What the truth is, but for chance: growth by the line, bloat compounding, a flip at once."""
    values = dict(made.features.values)
    flipped = log(FLIP_RATIO) * values["outlook_flip_7"] * (days >= 4)
    growth = log(1 + values["driver_growth_ratio_per_day"] * days)
    return growth + values["bloat_growth_per_day"] * days + flipped
