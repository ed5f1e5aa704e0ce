"""Draws a project: how its sources grow, what it is built on, and what will be done to it."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.fleet.queries import CONTROL, QUERIES

DAYS = 70
WARM_UP = 10  # days without anything new, so that there is a past to compare with
WEEK = 7

# How often each regime is drawn; the first is the one without any cause.
REGIMES: Mapping[str, int] = {
    "flat": 2,
    "linear": 3,
    "exponential": 6,
    "seasonal": 3,
    "onset": 6,
    "backfill": 3,
    "shrink": 1,
}
_EVENTS_AT_THE_END = (20_000, 250_000)  # a scan of more takes too long for seventy days of it
_ORDERS_AT_THE_END = (8_000, 80_000)
_FEWEST = 1_000


@dataclass(frozen=True, slots=True)
class Growth:
    """How one source's rows arrive; rates are shares of a day."""

    regime: str
    rows: int  # on day 0
    rate: float  # linear: of the first rows; otherwise: of the present ones
    first_day: int = 0  # when it begins, or when it happens
    last_day: int = DAYS
    factor: float = 1.0  # backfill: rows that come, shrink: rows that stay, over the present ones
    idle_rate: float = 0.002  # before it begins and after it ends
    swing: float = 0.0  # seasonal: how much the rate swings over a week or a month
    period: int = WEEK


@dataclass(frozen=True, slots=True)
class Spec:
    """All that decides about one project; the same number gives the same project."""

    number: int
    regime: str
    events: Growth
    orders: Growth
    customers: int
    customers_rate: float
    products: int
    skew: float  # 1: all customers alike; 4: the first of 500 has a fifth of the rows
    skew_drift: float  # added a day
    skew_from: int
    updates: float  # share of the orders that change each day
    vacuum_every: int  # days
    vacuum_until: int
    analyze_every: int
    analyze_until: int
    settings: Mapping[str, str]
    indexes: frozenset[str]  # of those that models and sources offer
    weekly: frozenset[str]  # models that are built once a week
    weekday: int
    queries: tuple[str, ...]
    calls: Mapping[str, int]  # a day, by query
    calls_growth: float  # a day
    newcomer: str  # a query that is asked from `newcomer_from` on only; empty: none
    newcomer_from: int
    deployed: str  # a model that is changed on `deployed_on`; empty: none
    deployed_on: int
    noisy_days: frozenset[int]


def draw(number: int) -> Spec:
    """Return the project of this number."""
    rng = random.Random(number)
    regime = rng.choices(list(REGIMES), list(REGIMES.values()))[0]
    events = _growth(rng, regime, _EVENTS_AT_THE_END)
    along = rng.random() < 0.4
    orders = _growth(rng, regime if along else rng.choice(("flat", "linear")), _ORDERS_AT_THE_END)
    names = rng.sample(sorted(QUERIES), rng.randint(10, 13))
    newcomer = names[0] if rng.random() < 0.2 else ""
    deployed = rng.choice(("fct_orders", "weekly_event_log")) if rng.random() < 0.12 else ""
    return Spec(
        number=number,
        regime=regime,
        events=events,
        orders=orders,
        customers=round(_log_uniform(rng, 200, 4_000)),
        customers_rate=rng.choice((0.0, 0.0, 0.002, 0.01)),
        products=rng.choice((50, 500, 2_000)),
        skew=rng.choice((1.0, 1.0, 1.5, 2.5, 4.0)),
        skew_drift=rng.choice((0.0, 0.0, 0.0, 0.0, 0.05, 0.12)),
        skew_from=_some_day(rng),
        updates=rng.choice((0.0, 0.01, 0.03, 0.1)),
        vacuum_every=rng.choice((1, 1, 3, 7)),
        vacuum_until=_some_day(rng) if rng.random() < 0.15 else DAYS,
        analyze_every=rng.choice((1, 1, 3, 7)),
        analyze_until=_some_day(rng) if rng.random() < 0.15 else DAYS,
        settings={
            "work_mem": rng.choice(("64kB", "256kB", "512kB", "1MB", "2MB", "4MB")),
            "random_page_cost": rng.choice(("1.1", "2", "4")),
            "effective_cache_size": rng.choice(("64MB", "1GB")),
        },
        indexes=frozenset(name for name in INDEXES if rng.random() < 0.5),
        weekly=frozenset(name for name in MAY_BE_WEEKLY if rng.random() < 0.6),
        weekday=rng.randrange(WEEK),
        queries=(CONTROL, *names),
        calls={name: round(_log_uniform(rng, 2, 400)) for name in (CONTROL, *names)},
        calls_growth=rng.choice((0.0, 0.0, 0.01, 0.03)),
        newcomer=newcomer,
        newcomer_from=_some_day(rng),
        deployed=deployed,
        deployed_on=_some_day(rng),
        noisy_days=frozenset(day for day in range(DAYS) if rng.random() < 0.04),
    )


INDEXES = (
    "raw.orders (customer_id)",
    "raw.events (happened_on)",
    "raw.events (customer_id)",
    "marts.fct_orders (order_id)",
    "marts.fct_orders (customer_id)",
    "marts.fct_orders (ordered_on)",
    "marts.fct_orders (amount)",
    "marts.fct_events (event_id)",
    "marts.fct_events (happened_on)",
    "marts.fct_events (customer_id)",
    "marts.customer_days (customer_id)",
    "marts.weekly_customers (amount)",
    "marts.weekly_event_log (segment)",
)
MAY_BE_WEEKLY = ("customer_days", "weekly_customers", "weekly_event_log")


def _growth(rng: random.Random, regime: str, at_the_end: tuple[int, int]) -> Growth:
    last = round(_log_uniform(rng, *at_the_end))
    if regime == "flat":
        return Growth(regime, last, 0.0)
    if regime == "linear":
        rate = _log_uniform(rng, 0.02, 0.25)
        return Growth(regime, _first(last, 1 + rate * DAYS), rate)
    if regime == "seasonal":
        rate = _log_uniform(rng, 0.02, 0.2)
        period = rng.choice((WEEK, 4 * WEEK))
        rows = _first(last, 1 + rate * DAYS)
        return Growth(regime, rows, rate, swing=rng.uniform(0.6, 1.0), period=period)
    first_day = _some_day(rng)
    if regime == "backfill":
        factor = _log_uniform(rng, 0.8, 4.0)
        return Growth(regime, _first(last, 1 + factor), 0.0, first_day, factor=factor)
    if regime == "shrink":
        return Growth(regime, last, 0.0, first_day, factor=rng.uniform(0.1, 0.6))
    rate = _log_uniform(rng, 0.05, 0.22)
    if regime == "exponential":
        first_day = 0
    length = min(DAYS - first_day, round(math.log(rng.uniform(4, 40)) / rate))
    rows = _first(last, math.exp(rate * length))
    return Growth(regime, rows, rate, first_day, first_day + length)


def _first(last: int, times: float) -> int:
    return max(_FEWEST, round(last / times))


def _some_day(rng: random.Random) -> int:
    return rng.randint(WARM_UP, DAYS - 2 * WEEK)


def _log_uniform(rng: random.Random, low: float, high: float) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))
