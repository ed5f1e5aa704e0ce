"""What Postgres calls a result column that has no alias."""

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.parsing import identifier

UNNAMED = "?column?"

# Internal names of types whose SQL spelling is another one.
_TYPES = {
    "bigint": "int8", "boolean": "bool", "char": "bpchar", "decimal": "numeric",
    "double precision": "float8", "int": "int4", "integer": "int4", "real": "float4",
    "smallint": "int2",
}  # fmt: skip
# Calls whose spelling the parser does not keep.
_CALLS: dict[type[exp.Expr], str] = {
    exp.Array: "array",
    exp.AtTimeZone: "timezone",
    exp.Ceil: "ceil",
    exp.Chr: "chr",
    exp.Coalesce: "coalesce",
    exp.CurrentCatalog: "current_catalog",
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentUser: "current_user",
    exp.Exists: "exists",
    exp.Extract: "extract",
    exp.Greatest: "greatest",
    exp.GroupConcat: "string_agg",
    exp.Initcap: "initcap",
    exp.JSONArrayAgg: "json_agg",
    exp.Least: "least",
    exp.Localtimestamp: "localtimestamp",
    exp.Nullif: "nullif",
    exp.Overlay: "overlay",
    exp.SessionUser: "session_user",
    exp.StrPosition: "position",
    exp.Substring: "substring",
    exp.Trim: "btrim",
    exp.Tuple: "row",
}
_SURE, _WEAK, _NONE = 2, 1, 0


def heading(node: exp.Expr, text: str) -> str:
    """Return the name of an output column, as the server's FigureColname finds it."""
    if isinstance(node, exp.Alias):
        return identifier(node.args["alias"])
    return _figured(node, text)[0]


def _figured(node: exp.Expr, text: str) -> tuple[str, int]:  # noqa: PLR0911
    """Return a name and how strongly it speaks: a cast's type yields to anything else."""
    node = unwrapped(node)
    if isinstance(node, exp.Column):
        return identifier(node.this), _SURE
    if isinstance(node, exp.Dot):
        return identifier(node.expression), _SURE
    if isinstance(node, exp.Cast | exp.TryCast) and "start" not in node.meta:
        name, strength = _figured(node.this, text)
        return (name, strength) if strength else (_type_name(node.to), _WEAK)
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        name, strength = _figured(default, text) if default is not None else ("", _NONE)
        return (name, strength) if strength == _SURE else ("case", _WEAK)
    if isinstance(node, exp.Collate | exp.Bracket | exp.Filter | exp.Window | exp.WithinGroup):
        return _figured(node.this, text)
    if isinstance(node, exp.Query):
        return heading(node.selects[0], text) if node.selects else UNNAMED, _SURE
    if isinstance(node, exp.Anonymous):
        return identifier(node.this) if isinstance(
            node.this, exp.Expr
        ) else node.name.lower(), _SURE
    if isinstance(node, exp.Interval):
        return "interval", _WEAK
    return _call(node, text)


def _call(node: exp.Expr, text: str) -> tuple[str, int]:
    """Return a function's name as written: sqlglot's class may stand for several."""
    start, end = node.meta.get("start"), node.meta.get("end")
    if isinstance(node, exp.Func) and start is not None and end is not None:
        name = text[start : end + 1]
        return (name.strip('"') if name.startswith('"') else name.lower()), _SURE
    side = str(node.args.get("position") or "").upper() if isinstance(node, exp.Trim) else ""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side) or _CALLS.get(type(node), "")
    return (name, _SURE) if name else (UNNAMED, _NONE)


def _type_name(kind: exp.DataType) -> str:
    if kind.is_type("array"):
        return _type_name(kind.expressions[0]) if kind.expressions else "array"
    name = kind.sql("postgres").partition("(")[0].strip().lower()
    return _TYPES.get(name, name.strip('"'))
