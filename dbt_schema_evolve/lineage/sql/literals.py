"""Chooses a value that a column could hold, from the planner's statistics."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dbt_schema_evolve.lineage.sql.types import Family
from dbt_schema_evolve.records.catalog import ColumnStatistics

# Where nothing is known: valid in the type, and for ranges wide enough that rows come back.
_PLAIN = {
    Family.NUMBER: "1",
    Family.TEXT: "a",
    Family.DATE: "2020-01-01",
    Family.TIMESTAMP: "2020-01-01 00:00:00",
    Family.TIME: "12:00:00",
    Family.INTERVAL: "30 days",
    Family.BOOLEAN: "true",
    Family.UUID: "00000000-0000-0000-0000-000000000000",
    Family.JSON: "{}",
    Family.ARRAY: "{}",
}
_LOW = {
    Family.NUMBER: "0",
    Family.DATE: "1970-01-01",
    Family.TIMESTAMP: "1970-01-01",
    Family.TEXT: "",
}
_HIGH = {
    Family.NUMBER: "1000000000",
    Family.DATE: "2100-01-01",
    Family.TIMESTAMP: "2100-01-01",
    Family.TEXT: "zzz",
}
_NUMERIC = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_WILD = re.compile(r"([\\%_])")

# A draw is a typical value, a frequent one or short range, or a rare one or long range. The first
# two are read off where so many of the rows lie before them, the most frequent values first. The
# rare one is none of the frequent ones, however few rows are left: of a queue, nearly all rows are
# done, and everybody asks for those that are not.
TYPICAL, COMMON, RARE = range(3)
_ROWS_BEFORE = {TYPICAL: 1 / 2, COMMON: 1 / 6, RARE: 1.0}

# Shares of the rows below a bound. An open range keeps the newest or smallest rows, which is what
# dashboards ask for: a seventh, a fiftieth, a half; a closed one a fifth, a fiftieth, three fifths.
_OPEN_LOW = {TYPICAL: 0.85, COMMON: 0.98, RARE: 0.5}
_OPEN_HIGH = {TYPICAL: 0.15, COMMON: 0.02, RARE: 0.5}
_CLOSED = {TYPICAL: (0.4, 0.6), COMMON: (0.97, 0.99), RARE: (0.2, 0.8)}

# How many times more rows one value must have than another for a second draw to tell more. Below,
# the planner's own error is as large.
_SKEWED = 3.0
_MANY = 1e6  # different values, where pg_stats gives them as a share of the rows


def is_unknowable(found: ColumnStatistics | None, kind: Family) -> bool:
    """Return whether no value can be told: an enum's labels stand in its statistics only."""
    values = found is not None and (found.most_common_values or found.histogram_bounds)
    return kind is Family.OTHER and not values


def plain_value(kind: Family) -> str:
    """Return a harmless value of a family."""
    return _PLAIN.get(kind, "1")


def equal_value(found: ColumnStatistics | None, kind: Family, draw: int, nth: int = 0) -> str:
    """Return a value that some rows have; `nth` differs within one list."""
    values = _by_frequency(found)
    if not values:
        return plain_value(kind)
    start = _at(values, draw) if is_skewed(found) else 0
    return values[(start + nth) % len(values)].text


def is_skewed(found: ColumnStatistics | None) -> bool:
    """Return whether it matters to the planner which value a column is compared with."""
    values = _by_frequency(found)
    rows = (
        [values[_at(values, draw)].share for draw in (TYPICAL, COMMON, RARE)] if values else [1.0]
    )
    return max(rows) > _SKEWED * min(rows)


def bound_value(
    found: ColumnStatistics | None, kind: Family, draw: int, *, is_low: bool, is_pair: bool
) -> str:
    """Return one end of a range over a column."""
    values = _ordered(found, kind)
    if not values:
        return (_LOW if is_low else _HIGH).get(kind, plain_value(kind))
    last = len(values) - 1
    if not is_pair:
        return values[round((_OPEN_LOW if is_low else _OPEN_HIGH)[draw] * last)]
    # Few distinct values: keep the ends apart, so that a pair holds something.
    if last < 4:
        return values[0 if is_low else last]
    low = min(round(_CLOSED[draw][0] * last), last - 1)
    return values[low if is_low else max(round(_CLOSED[draw][1] * last), low + 1)]


def elements(found: ColumnStatistics | None, draw: int) -> list[str]:
    """Return one thing that arrays of a column hold; nothing where nobody knows."""
    values = (found and found.most_common_elements) or ()
    return [values[round(_ROWS_BEFORE[draw] * (len(values) - 1))]] if values else []


def pattern(value: str, draw: int, *, is_whole: bool) -> str:
    """Return a LIKE pattern that finds a value: by its beginning, or anywhere in the rare draw."""
    piece = _WILD.sub(r"\\\1", value[: 6 if draw == COMMON else 3])
    if not is_whole:
        return piece
    return f"%{piece}%" if draw == RARE else f"{piece}%"


def literal(value: str, kind: Family) -> str:
    """Return a value as SQL."""
    if kind is Family.NUMBER and _NUMERIC.match(value):
        return f"({value})" if value.startswith("-") else value  # `-$1` must not become `--1`
    return "'" + value.replace("'", "''") + "'"


def array(values: Sequence[str]) -> str:
    """Return values as the text of an array."""
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def _ordered(found: ColumnStatistics | None, kind: Family) -> list[str]:
    """Return values in the column's order, from which a share can be read off."""
    if found is None:
        return []
    if found.histogram_bounds:
        return list(found.histogram_bounds)
    common = found.most_common_values or ()
    if kind is Family.NUMBER and all(_NUMERIC.match(value) for value in common):
        return sorted(common, key=float)
    return sorted(common)


class _Value(NamedTuple):
    text: str
    share: float  # of the rows that have it
    weight: float  # of the rows that it stands for, in a histogram its neighbours' too
    is_bound: bool  # of the histogram, which holds what is not frequent


@lru_cache(maxsize=512)  # thousands of queries ask for the same columns, each for several draws
def _by_frequency(found: ColumnStatistics | None) -> tuple[_Value, ...]:
    """Return the values that are known, frequent ones first."""
    if found is None:
        return ()
    common = found.most_common_values or ()
    shares = found.most_common_frequencies or (1 / len(common),) * len(common) if common else ()
    bounds = found.histogram_bounds or ()
    # The middle first, then outwards: the ends are rare values.
    middle = sorted(range(len(bounds)), key=lambda at: (abs(2 * at - len(bounds) + 1), at))
    left = max(1 - found.null_fraction - sum(shares), 0.0)
    others = found.n_distinct - len(common) if found.n_distinct > 0 else _MANY
    each, weight = left / max(others, 1), left / max(len(bounds), 1)
    return (
        *(_Value(text, share, share, False) for text, share in zip(common, shares, strict=False)),
        *(_Value(bounds[at], each, weight, True) for at in middle),
    )


def _at(values: Sequence[_Value], draw: int) -> int:
    """Return the place of a draw's value."""
    if draw == RARE:
        return next((at for at, value in enumerate(values) if value.is_bound), len(values) - 1)
    wanted = _ROWS_BEFORE[draw] * sum(value.weight for value in values)
    before = 0.0
    for at, value in enumerate(values):
        before += value.weight
        if before >= wanted:
            return at
    return len(values) - 1
