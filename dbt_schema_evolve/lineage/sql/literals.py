"""Chooses a value that a column could hold, from the planner's statistics."""

import re
from collections.abc import Sequence

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

# Shares of the rows below a bound: an open range keeps the newest or smallest tenth to fifth, which
# is what dashboards ask for; a closed one keeps a fifth. The draw moves with `pick`.
_OPEN_LOW = (0.85, 0.8, 0.9)
_OPEN_HIGH = (0.15, 0.2, 0.1)
_CLOSED = ((0.4, 0.6), (0.6, 0.8), (0.2, 0.4), (0.75, 0.95))


def is_unknowable(found: ColumnStatistics | None, kind: Family) -> bool:
    """Return whether no value can be told: an enum's labels stand in its statistics only."""
    values = found is not None and (found.most_common_values or found.histogram_bounds)
    return kind is Family.OTHER and not values


def plain_value(kind: Family) -> str:
    """Return a harmless value of a family."""
    return _PLAIN.get(kind, "1")


def equal_value(found: ColumnStatistics | None, kind: Family, pick: int, nth: int = 0) -> str:
    """Return a value that some rows have; `nth` differs within one list."""
    common = list((found and found.most_common_values) or ())
    bounds = list((found and found.histogram_bounds) or ())
    # The middle first, then outwards: the ends are rare values.
    middle = sorted(range(len(bounds)), key=lambda at: (abs(2 * at - len(bounds) + 1), at))
    values = common + [bounds[at] for at in middle]
    return values[(pick + nth) % len(values)] if values else plain_value(kind)


def bound_value(
    found: ColumnStatistics | None, kind: Family, pick: int, *, is_low: bool, is_pair: bool
) -> str:
    """Return one end of a range over a column."""
    values = _ordered(found, kind)
    if not values:
        return (_LOW if is_low else _HIGH).get(kind, plain_value(kind))
    if is_pair:
        share = _CLOSED[pick % len(_CLOSED)][0 if is_low else 1]
    else:
        shares = _OPEN_LOW if is_low else _OPEN_HIGH
        share = shares[pick % len(shares)]
    at = round(share * (len(values) - 1))
    # Few distinct values: keep the ends apart, so that a pair holds something.
    if is_pair and len(values) < len(_CLOSED) + 1:
        at = 0 if is_low else len(values) - 1
    return values[at]


def pattern(value: str, *, is_whole: bool) -> str:
    """Return a LIKE pattern that finds a value by its beginning."""
    prefix = _WILD.sub(r"\\\1", value[:3])
    return f"{prefix}%" if is_whole else prefix


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
