"""Cases and examples -> arrays that trees learn from; what is not known is NaN."""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan, log, nan

import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Case

FOLDS = 5
"""How often some groups are left out of learning, to see what is said of them."""

HORIZONS = (1, 3, 7, 14, 21, 30)
"""Days ahead that quantiles are learned at; in between trees know where one ends."""

HORIZON_FEATURES = ("horizon_days", "projected_log_ratio")
"""What a row of quantiles has beyond its case."""

_PROJECTED = {"projected_7": 7, "projected_30": 30}
GROWTH_FEATURES = (*_PROJECTED, "projected_log_ratio")
"""Features that are made here, where the driver would take a case: trees cannot multiply."""

# How large a table is, how many rows a call returns: trees take them for the table and the query
# itself, and a warehouse's tables are not those of a fleet in miniature. Levels of time stay, as
# nobody notices a degradation below a millisecond. Costs 0.01 of the PR-AUC on unseen projects.
_SIZES = re.compile(r".*_log_(rows|bytes)|log_(blocks|temp_blocks|rows|calls)_level|plan_log_cost")
_LEAST_RATIO = 0.05  # a table that shrinks by the day is not empty in a month
_MOST = 1e30  # beyond it a number is damage, and float32 soon infinity

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ahead:
    """One row for each example and horizon of which it is known what came."""

    example: NDArray[np.int64]  # its row in the table
    horizon: Floats
    projected: Floats
    came: Floats


@dataclass(frozen=True, slots=True)
class Table:
    """Examples as arrays."""

    names: tuple[str, ...]  # of the columns, sorted
    rows: Floats
    groups: tuple[str, ...]  # by row: what resembles itself, and is left out together
    degraded: Floats  # by row: 0, 1, or NaN where unscored
    future: Ahead  # log ratios of time
    flips: Ahead  # 0, 1: whether the plan changes by then

    def at_horizons(self, ahead: Ahead) -> Floats:
        """Return rows of cases at horizons: HORIZON_FEATURES come last."""
        return np.column_stack((self.rows[ahead.example], ahead.horizon, ahead.projected))


def table(examples: Iterable[Example], names: Sequence[str] | None = None) -> Table:
    """Read examples one at a time; `names` are those of a model that is to learn more.

    Every second horizon of an example is taken, in turns: the day after it has nearly the same
    case, and takes the others.
    """
    places: dict[str, int] = {}
    columns, values, held = array("l"), array("f"), array("l")
    warehouses, subjects, degraded = [], [], array("f")
    future, flips = _Rows(), _Rows()
    for number, example in enumerate(examples):
        before = len(values)
        for name, value in case_values(example.case):
            columns.append(places.setdefault(name, len(places)))
            values.append(value)
        held.append(len(values) - before)
        warehouses.append(example.group)
        subjects.append(example.case.subject)
        label = example.outcome.degraded
        degraded.append(nan if label is None else float(label))
        for horizon in HORIZONS[number % 2 :: 2]:
            log_ratio = _sound(example.outcome.log_ratios.get(horizon, nan))
            if not isnan(log_ratio):
                future.add(number, example.case, horizon, log_ratio)
        for horizon, flipped in sorted(example.outcome.flipped.items()):
            flips.add(number, example.case, horizon, float(flipped))
    wanted = tuple(sorted(places)) if names is None else tuple(names)
    rows = _dense(places, columns, values, held, wanted)
    groups = _groups(warehouses, subjects)
    return Table(
        wanted, rows, groups, np.array(degraded, np.float32), future.ahead(), flips.ahead()
    )


class _Rows:
    """An `Ahead` in the making."""

    def __init__(self) -> None:
        self._example = array("l")
        self._horizon, self._projected, self._came = array("f"), array("f"), array("f")

    def add(self, example: int, case: Case, horizon: int, came: float) -> None:
        self._example.append(example)
        self._horizon.append(horizon)
        self._projected.append(projected_log_ratio(case, horizon))
        self._came.append(came)

    def ahead(self) -> Ahead:
        numbers = (self._horizon, self._projected, self._came)
        return Ahead(
            np.array(self._example, np.int64), *(np.array(each, np.float32) for each in numbers)
        )


def _groups(warehouses: Sequence[str], subjects: Sequence[str]) -> tuple[str, ...]:
    """Return the largest units of which there are enough: warehouses, subjects, or stretches."""
    for units in (warehouses, subjects):
        if len(set(units)) >= FOLDS:
            return tuple(units)
    return tuple(str(FOLDS * number // len(subjects)) for number in range(len(subjects)))


def case_rows(cases: Sequence[Case], names: Sequence[str]) -> Floats:
    """Return one row a case, in the order of a model's features."""
    rows = np.full((len(cases), len(names)), np.nan, np.float32)
    places = {name: place for place, name in enumerate(names)}
    for number, case in enumerate(cases):
        for name, value in case_values(case):
            if name in places:
                rows[number, places[name]] = value
    return rows


def case_values(case: Case) -> Iterator[tuple[str, float]]:
    """Yield the features of a case that carry over to another warehouse, and GROWTH_FEATURES."""
    for name, value in case.features.values:
        if not is_size(name):
            yield name, _sound(value)
    if case.driver is not None:
        for name, days in _PROJECTED.items():
            yield name, projected_log_ratio(case, days)


@cache
def is_size(feature: str) -> bool:
    """Whether a feature is an absolute size, by which trees would know the fleet by heart."""
    return _SIZES.fullmatch(feature) is not None


def projected_log_ratio(case: Case, days: float) -> float:
    """Return what the growth of its driver alone makes of its time; NaN without a driver."""
    if case.driver is None:
        return nan
    ratio = 1 + _sound(case.driver.growth.ratio_per_day) * days
    return _sound(case.driver.elasticity.exponent * log(max(ratio, _LEAST_RATIO)))


def _sound(value: float) -> float:
    return value if -_MOST < value < _MOST else nan


def _dense(
    places: dict[str, int], columns: "array[int]", values: "array[float]", held: "array[int]",
    wanted: Sequence[str],
) -> Floats:  # fmt: skip
    rows = np.full((len(held), len(wanted) + 1), np.nan, np.float32)
    column_of = {name: column for column, name in enumerate(wanted)}
    unwanted = len(wanted)
    renumbered = np.array([column_of.get(name, unwanted) for name in places], np.int64)
    numbers = np.repeat(np.arange(len(held)), np.array(held, np.int64))
    if len(columns):
        rows[numbers, renumbered[np.array(columns, np.int64)]] = np.array(values, np.float32)
    return rows[:, :unwanted]
