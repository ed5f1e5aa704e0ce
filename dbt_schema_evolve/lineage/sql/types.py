"""The kind of value that an expression has, as far as choosing a literal for it needs to know."""

from collections.abc import Callable
from enum import StrEnum

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.rows import CAST, Output


class Family(StrEnum):
    """Types that take the same literals."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    INTERVAL = "interval"
    BOOLEAN = "boolean"
    UUID = "uuid"
    JSON = "json"
    ARRAY = "array"
    OTHER = "other"
    UNKNOWN = ""


_FAMILIES = {
    Family.NUMBER: "bigint bigserial decimal double float float4 float8 int int2 int4 int8 integer "
    "money numeric oid real serial smallint smallserial",
    Family.TEXT: '"char" bpchar char character citext name nchar nvarchar text varchar',
    Family.DATE: "date",
    Family.TIMESTAMP: "timestamp timestamptz",
    Family.TIME: "time timetz",
    Family.INTERVAL: "interval",
    Family.BOOLEAN: "bool boolean",
    Family.UUID: "uuid",
    Family.JSON: "json jsonb",
}
_BY_NAME = {name: family for family, names in _FAMILIES.items() for name in names.split()}

_NUMBERS = (
    exp.Extract, exp.Count, exp.Sum, exp.Avg, exp.Length, exp.Round, exp.Floor, exp.Ceil, exp.Abs,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Mod, exp.Pow, exp.Trunc, exp.Neg,
    exp.StrPosition, exp.PercentRank, exp.CumeDist, exp.Stddev, exp.Variance, exp.PercentileCont,
)  # fmt: skip
_TEXTS = (
    exp.Lower, exp.Upper, exp.Concat, exp.ConcatWs, exp.DPipe, exp.Substring, exp.Trim,
    exp.Replace, exp.RegexpReplace, exp.Left, exp.Right, exp.Pad, exp.Initcap, exp.SplitPart,
    exp.TimeToStr, exp.JSONExtractScalar, exp.JSONBExtractScalar, exp.GroupConcat, exp.MD5,
)  # fmt: skip
_ALIKE = (exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_THROUGH = (
    exp.Max, exp.Min, exp.Window, exp.Filter, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead,
    exp.AnyValue, exp.Collate,
)  # fmt: skip
_TIMES = (
    exp.TimestampTrunc, exp.DateBin, exp.CurrentTimestamp, exp.Localtimestamp, exp.AtTimeZone,
)  # fmt: skip
_TRUTHS = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Exists, exp.LogicalAnd, exp.LogicalOr)
_FUNCTIONS = {
    "to_date": Family.DATE, "date": Family.DATE, "to_char": Family.TEXT, "to_number": Family.NUMBER,
    "clock_timestamp": Family.TIMESTAMP, "statement_timestamp": Family.TIMESTAMP,
    "transaction_timestamp": Family.TIMESTAMP, "make_date": Family.DATE,
    "date_part": Family.NUMBER, "format": Family.TEXT,
}  # fmt: skip

Lookup = Callable[[exp.Column], Output | None]
"""What a column reference means."""


def family(type_name: str) -> Family:
    """Return the family of a type as `format_type` or a CAST spells it."""
    name = type_name.strip().lower()
    if not name:
        return Family.UNKNOWN
    if name.endswith("[]") or name.startswith("array"):
        return Family.ARRAY
    return _BY_NAME.get(name.partition("(")[0].split()[0].rstrip("("), Family.OTHER)


def family_of(node: exp.Expr | None, lookup: Lookup) -> Family:  # noqa: PLR0911
    """Return the family of an expression."""
    if node is None:
        return Family.UNKNOWN
    node = unwrapped(node)
    if isinstance(node, exp.Column):
        return _of_output(lookup(node), lookup)
    if isinstance(node, exp.Cast | exp.TryCast):
        return family(node.to.sql("postgres"))
    if isinstance(node, exp.Literal):
        return Family.UNKNOWN if node.is_string else Family.NUMBER
    if isinstance(node, exp.Anonymous):
        return _FUNCTIONS.get(node.name.lower(), Family.UNKNOWN)
    if isinstance(node, exp.Case):
        values = [branch.args.get("true") for branch in node.args.get("ifs") or ()]
        return _first([*values, node.args.get("default")], lookup)
    if isinstance(node, exp.Query):
        return family_of(node.selects[0], lookup) if node.selects else Family.UNKNOWN
    if isinstance(node, _ALIKE):
        return _first([node.this, node.args.get("expression"), *node.expressions], lookup)
    if isinstance(node, _THROUGH):
        return family_of(node.this, lookup)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return _of_arithmetic(node, lookup)
    return _of_class(node)


def _of_class(node: exp.Expr) -> Family:
    for kinds, found in (
        (_NUMBERS, Family.NUMBER),
        (_TEXTS, Family.TEXT),
        (_TIMES, Family.TIMESTAMP),
        (exp.CurrentDate, Family.DATE),
        (exp.Interval, Family.INTERVAL),
        ((exp.Boolean, *_TRUTHS), Family.BOOLEAN),
        (exp.Array, Family.ARRAY),
    ):
        if isinstance(node, kinds):
            return found
    return Family.UNKNOWN


def _of_output(output: Output | None, lookup: Lookup) -> Family:
    if output is None:
        return Family.UNKNOWN
    if output.type:
        return family(output.type)
    if output.made_by is not None:
        found = family_of(output.made_by, lookup)
        if found is not Family.UNKNOWN:
            return found
    types = {family(column.type) for column, rank in output.sources.items() if rank < CAST}
    return types.pop() if len(types) == 1 else Family.UNKNOWN


def _of_arithmetic(node: exp.Expr, lookup: Lookup) -> Family:
    left, right = family_of(node.this, lookup), family_of(node.expression, lookup)
    times = {Family.DATE, Family.TIMESTAMP}
    if left in times and right in times:
        both_dates = left is right is Family.DATE
        return Family.NUMBER if both_dates else Family.INTERVAL
    if Family.INTERVAL in {left, right}:
        return Family.TIMESTAMP if times & {left, right} else Family.INTERVAL
    return next((side for side in (left, right) if side in times), Family.NUMBER)


def _first(nodes: list[exp.Expr | None], lookup: Lookup) -> Family:
    found = (family_of(node, lookup) for node in nodes)
    return next((one for one in found if one is not Family.UNKNOWN), Family.UNKNOWN)
