"""Whether an expression could stand in an index: the same value today, tomorrow, everywhere.

Postgres refuses an index on anything that is not immutable. What reads the time zone or DateStyle
is only stable: `ordered_at::date` of a timestamptz, to_char, the text of a date.
"""

import re

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.parsing import TEXT, parameter
from dbt_schema_evolve.lineage.sql.types import Family, Lookup, family, family_of

# Functions by the name that the statement calls them by. to_tsvector is immutable with a
# configuration, date_trunc without a time zone: both are looked at below.
_FUNCTIONS = frozenset(
    {
        "abs", "array_length", "ascii", "btrim", "cardinality", "ceil", "ceiling", "char_length",
        "character_length", "coalesce", "date_part", "date_trunc", "daterange", "extract", "floor",
        "greatest", "initcap", "int4range", "int8range", "json_extract_path",
        "json_extract_path_text", "jsonb_array_length", "jsonb_extract_path",
        "jsonb_extract_path_text", "jsonb_typeof", "least", "left", "length", "lower", "lpad",
        "ltrim", "md5", "mod", "nullif", "numrange", "octet_length", "overlay", "position", "power",
        "regexp_replace", "repeat", "replace", "reverse", "right", "round", "rpad", "rtrim", "sign",
        "split_part", "sqrt", "strpos", "substr", "substring", "to_tsvector", "translate", "trim",
        "trunc", "tsrange", "tstzrange", "upper",
    }
)  # fmt: skip
# Calls that the parser gives no place, because they have a syntax of their own.
_SYNTAX = (
    exp.Cast, exp.Coalesce, exp.Extract, exp.Greatest, exp.Least, exp.Nullif, exp.Overlay,
    exp.StrPosition, exp.Substring, exp.Trim,
)  # fmt: skip
_PARTS = (
    exp.Add, exp.Array, exp.Boolean, exp.Bracket, exp.Collate, exp.Column, exp.DataType,
    exp.DataTypeParam, exp.Div, exp.DPipe, exp.Identifier, exp.Interval, exp.JSONBExtract,
    exp.JSONBExtractScalar, exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathKey,
    exp.JSONPathRoot, exp.JSONPathSubscript, exp.Literal, exp.Mod, exp.Mul, exp.Neg, exp.Null,
    exp.Paren, exp.Slice, exp.Sub, exp.Var, exp.AtTimeZone,
)  # fmt: skip
_ZONED = ("timestamptz", "timestamp with time zone", "timetz", "time with time zone")
_TIMES = frozenset({Family.DATE, Family.TIMESTAMP, Family.TIME})
# Between these, and from them to text, no setting plays a part.
_SETTLED = frozenset({Family.NUMBER, Family.TEXT, Family.BOOLEAN, Family.UUID, Family.JSON})
_KEEPS_ZONE = (exp.Paren, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_FIXED_TIME = re.compile(r"\d")  # not 'now', 'today' or 'yesterday'


def is_immutable(node: exp.Expr, lookup: Lookup) -> bool:
    """Return whether an index could hold an expression, as far as we know; False in doubt."""
    return all(_is_settled(part, node, lookup) for part in node.walk())


def _is_settled(part: exp.Expr, top: exp.Expr, lookup: Lookup) -> bool:  # noqa: PLR0911
    if parameter(part) is not None:
        return False  # the constant is part of the index, and nobody kept it
    if isinstance(part, exp.Cast) and "start" not in part.meta:
        return _is_settled_cast(part, lookup)
    if isinstance(part, exp.Column | exp.Cast | exp.AtTimeZone) and _is_zoned(part, lookup):
        return part is top or isinstance(part.parent, (exp.AtTimeZone, *_KEEPS_ZONE))
    if isinstance(part, exp.Literal):
        return not _names_a_moment(part)
    if isinstance(part, exp.DPipe):
        return all(
            unwrapped(side).is_string or family_of(side, lookup) is Family.TEXT
            for side in (part.this, part.expression)
        )
    if isinstance(part, exp.AtTimeZone):
        return isinstance(part.args["zone"], exp.Literal)
    if isinstance(part, _PARTS):
        return True
    if not isinstance(part, exp.Func):
        return False
    name = _name(part)
    if name not in _FUNCTIONS:
        return name == "" and isinstance(part, _SYNTAX)
    if name == "to_tsvector":
        return len(part.expressions) == 2 and part.expressions[0].is_string
    if name == "date_trunc":
        return _is_timestamp(part.this, lookup)
    return True


def _is_settled_cast(node: exp.Cast, lookup: Lookup) -> bool:
    target = family(node.to.sql("postgres"))
    inner = unwrapped(node.this)
    if isinstance(inner, exp.Literal):
        return True
    source = family_of(inner, lookup)
    if target in _TIMES:
        # Without a time zone on either side; text is read by DateStyle.
        return source in {Family.DATE, Family.TIMESTAMP} and not (
            _is_zoned(inner, lookup) or _is_zoned(node, lookup)
        )
    return target in _SETTLED and source in _SETTLED


def _is_timestamp(node: exp.Expr, lookup: Lookup) -> bool:
    """Whether a value is a timestamp without time zone; of a date, date_trunc makes one with."""
    is_known = family_of(node, lookup) is Family.TIMESTAMP and _type(node, lookup) != ""
    return is_known and not _is_zoned(node, lookup)


def _is_zoned(node: exp.Expr, lookup: Lookup) -> bool:
    node = unwrapped(node)
    if isinstance(node, exp.AtTimeZone):
        return not _is_zoned(node.this, lookup)
    return _type(node, lookup).startswith(_ZONED)


def _type(node: exp.Expr, lookup: Lookup) -> str:
    """Return the spelling of a column's or a cast's type; empty where it is not known."""
    node = unwrapped(node)
    if isinstance(node, exp.AtTimeZone):
        return "timestamp with time zone" if _is_zoned(node, lookup) else "timestamp"
    if isinstance(node, exp.TimestampTrunc):
        return _type(node.this, lookup)
    if isinstance(node, exp.Cast):
        return node.to.sql("postgres").lower()
    output = lookup(node) if isinstance(node, exp.Column) else None
    if output is None:
        return ""
    if output.type or len(output.sources) != 1:
        return output.type
    return next(iter(output.sources)).type


def _names_a_moment(node: exp.Literal) -> bool:
    """Whether a constant such as 'now' is cast to a time."""
    parent = node.parent
    is_time = isinstance(parent, exp.Cast) and family(parent.to.sql("postgres")) in _TIMES
    return is_time and _FIXED_TIME.match(str(node.this)) is None


def _name(node: exp.Func) -> str:
    """Return what a statement calls a function; empty where that is not known."""
    start, end = node.meta.get("start"), node.meta.get("end")
    if start is None or end is None:
        return node.name.lower() if isinstance(node, exp.Anonymous) else ""
    text = str(node.root().meta.get(TEXT, ""))
    return text[start : end + 1].lower()
