"""Cases as arrays: what a recurrent network reads, step by step and once.

Every input is a pair: a number, and 1 where it is known; what is not known is a 0 beside a 0, and
so is padding. Numbers are logarithms of ratios wherever they can be, so that one network fits
queries of a millisecond and builds of an hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict.history import LONGEST_US, RECENT, SHORTEST_US
from dbt_schema_evolve.records.forecasts import Case, Observation, UpstreamRows

STEPS = 28  # four weeks of daily runs: what comes weekly is seen four times
UPSTREAM = 3  # relations beside the driver; few queries hang on more that grow

OWN_CHANNELS = (
    "log_us_over_level",
    "log_us_change",
    "log_blocks_over_level",
    "log_blocks_change",
    "temp_share",
    "log_rows_over_level",
    "log_calls_over_level",
    "log_days_since_previous",
    "log_days_before_cutoff",
)
ROW_CHANNELS = tuple(
    f"{who}_{what}"
    for who in ("driver", *(f"upstream_{number}" for number in range(1, UPSTREAM + 1)))
    for what in ("log_rows_until_cutoff", "log_rows_change")
)
CHANNELS = (*OWN_CHANNELS, *ROW_CHANNELS)

# No absolute sizes of tables: a fleet's are not those of a warehouse, and the network would take
# them for the table itself. The level of time stays: nobody notices a degradation below 1 ms.
OWN_STATICS = (
    "log_us_level",
    "log_us_scatter",
    "log_cadence_days",
    "log_windows",
    *(
        f"upstream_{number}_{what}"
        for number in range(1, UPSTREAM + 1)
        for what in ("influence", "distance")
    ),
)
# Of a case's feature vector: what a series of a month cannot say, or only to a larger network.
FEATURES = (
    "cadence_days",
    "flow_columns_rebuilt",
    "days",
    "days_since_last",
    "driver_changed_since_analyze_ratio",
    "driver_dead_ratio",
    "driver_growth_ratio_per_day",
    "driver_growth_stderr_ratio_per_day",
    "driver_rows_over_level",
    "exponent",
    "exponent_stderr",
    "fan_in",
    "fan_out",
    "log_blocks_slope_per_day",
    "log_calls_slope_per_day",
    "log_us_degraded_share",
    "log_us_peak_over_level",
    "log_us_short_slope_per_day",
    "log_us_slope_per_day",
    "log_us_volatility",
    "log_us_week_rhythm",
    "new_consumers",
    "plan_changes",
    "plan_fill_ratio",
    "plan_fill_ratio_7",
    "plan_fill_ratio_30",
    "plan_flips_7",
    "plan_flips_14",
    "plan_flips_30",
    "plan_log_cost_ratio_7",
    "plan_log_cost_ratio_14",
    "plan_log_cost_ratio_30",
    "plan_spills_7",
    "projected_log_rows",
    "projected_log_us",
    "relations_read",
    "residual_ratio",
    "skew_top_value_ratio",
    "skew_top_value_ratio_per_day",
    "spilled_share",
    "upstream_change_1",
    "upstream_change_3",
    "upstream_change_7",
    "upstream_distance",
    "upstream_growth_per_day",
    "upstream_growth_per_day_sum",
    "upstream_influence",
    "upstream_not_arrived",
    "upstream_not_arrived_sum",
    "upstream_stalest_cadence_days",
    "upstream_stalest_days",
    "upstream_stalest_due_days",
)
STATICS = (*OWN_STATICS, *FEATURES)

_LARGEST = 1e6  # no honest number of ours is larger; beyond it a sum of squares is none
_DAY_SECONDS = 86_400.0

Floats = NDArray[np.float32]
_Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """Inputs of many cases; finite throughout."""

    steps: Floats  # (cases, STEPS, 2 * channels), oldest first, padded behind the last
    lengths: NDArray[np.int64]  # (cases,): steps that are no padding, at least 1
    statics: Floats  # (cases, 2 * statics)


def read_series(cases: Iterable[Case]) -> Series:
    """Return what the network reads of cases, one at a time: they may be a stream."""
    steps: list[Floats] = []
    statics: list[Floats] = []
    lengths: list[int] = []
    for case in cases:
        read, length, once = _read(case)
        steps.append(read)
        statics.append(once)
        lengths.append(length)
    return Series(
        np.stack(steps) if steps else np.zeros((0, STEPS, 2 * len(CHANNELS)), np.float32),
        np.array(lengths, np.int64),
        np.stack(statics) if statics else np.zeros((0, 2 * len(STATICS)), np.float32),
    )


def _read(case: Case) -> tuple[Floats, int, Floats]:
    places = [at for at, each in enumerate(case.observations) if _is_timed(each)][-STEPS:]
    seen = [case.observations[at] for at in places]
    steps = np.zeros((STEPS, 2 * len(CHANNELS)), np.float32)
    own, statics = _own(case, seen)
    rows, known = _rows(case, places)
    columns = np.column_stack([*own, *rows]) if seen else np.zeros((0, len(CHANNELS)))
    steps[: len(seen)] = _paired(columns)
    values = dict(case.features.values)
    once = [*statics, *known, *(values.get(name, np.nan) for name in FEATURES)]
    return steps, max(len(seen), 1), _paired(np.array(once))


def _is_timed(observation: Observation) -> bool:
    return SHORTEST_US <= observation.mean_us <= LONGEST_US and observation.calls > 0


def _own(case: Case, seen: Sequence[Observation]) -> tuple[list[_Column], list[float]]:
    """Return the columns of OWN_CHANNELS, and what is known once of the series itself."""
    us = _logs([o.mean_us for o in seen])
    blocks = _logs([o.blocks_per_call for o in seen])
    rows = _logs([o.rows_per_call for o in seen])
    calls = _logs([o.calls for o in seen])
    days = np.array([(case.cutoff - o.at).total_seconds() / _DAY_SECONDS for o in seen])
    gaps = np.maximum(_back(days), 0.0)
    columns = [
        us - _level(us),
        -_back(us),
        blocks - _level(blocks),
        -_back(blocks),
        np.array([_temp_share(o) for o in seen]),
        rows - _level(rows),
        calls - _level(calls),
        np.log1p(gaps),
        np.log1p(np.maximum(days, 0.0)),
    ]
    scatter = _level(np.abs(us - _level(us)), len(us))
    cadence, windows = np.log1p([_level(gaps[1:]), len(case.observations)]).tolist()
    return columns, [_level(us), scatter, cadence, windows]


def _rows(case: Case, places: Sequence[int]) -> tuple[list[_Column], list[float]]:
    """Return the columns of ROW_CHANNELS, and how each relation upstream reaches the subject.

    What has grown since a step and has not arrived shows as the difference between two of these.
    """
    unknown = np.full(len(places), np.nan)
    columns: list[_Column] = []
    statics: list[float] = []
    driver = case.driver
    if driver is None:
        columns += [unknown, unknown]
    else:
        now = float(np.log1p(max(driver.growth.rows, 0)))
        columns += _growth(driver.rows, places, now)
    for each in _others(case):
        if each is None:
            columns += [unknown, unknown]
            statics += [np.nan, np.nan]
        else:
            now = float(_logs(each.rows[-1:]).sum()) if each.rows else np.nan
            columns += _growth(each.rows, places, now)
            statics += [each.influence, float(each.distance)]
    return columns, statics


def _others(case: Case) -> list[UpstreamRows | None]:
    driver = case.driver.relation if case.driver is not None else None
    others = [each for each in case.upstream if each.relation != driver][:UPSTREAM]
    return [*others, *[None] * (UPSTREAM - len(others))]


def _growth(rows: Sequence[float], places: Sequence[int], now: float) -> list[_Column]:
    known = len(rows)
    logs = _logs([rows[at] if at < known else None for at in places])
    return [now - logs, -_back(logs)]


def _logs(values: Sequence[float | None]) -> _Column:
    column = np.array([np.nan if value is None else value for value in values], np.float64)
    column[~(column >= 0)] = np.nan
    return np.log1p(column)


def _back(column: _Column) -> _Column:
    """Return each value's predecessor less the value; the first has none."""
    change = np.full(len(column), np.nan)
    change[1:] = column[:-1] - column[1:]
    return change


def _level(column: _Column, last: int = RECENT) -> float:
    held = column[-last:][np.isfinite(column[-last:])].tolist() if last else []
    return median(held) if held else float("nan")


def _temp_share(observation: Observation) -> float:
    temp, blocks = observation.temp_blocks_per_call, observation.blocks_per_call
    if temp is None or blocks is None or temp < 0 or blocks < 0:
        return float("nan")
    return temp / (temp + blocks + 1.0)


def _paired(values: NDArray[np.float64]) -> Floats:
    """Put beside each number whether it is known."""
    known = np.isfinite(values) & (np.abs(np.nan_to_num(values)) <= _LARGEST)
    return np.concatenate([np.where(known, values, 0.0), known], axis=-1).astype(np.float32)
