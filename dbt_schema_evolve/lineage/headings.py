"""What Postgres calls a result column that has no alias."""

from sqlglot import exp

from dbt_schema_evolve.lineage.flow import unwrapped
from dbt_schema_evolve.lineage.parsing import identifier

UNNAMED = "?column?"

# Internal names of types whose SQL spelling is another one.
_TYPES = {
    "bigint": "int8", "boolean": "bool", "char": "bpchar", "decimal": "numeric",
    "double precision": "float8", "int": "int4", "integer": "int4", "real": "float4",
    "smallint": "int2",
}  # fmt: skip
_KEYWORDS: dict[type[exp.Expr], str] = {
    exp.Coalesce: "coalesce",
    exp.Extract: "extract",
    exp.AtTimeZone: "timezone",
    exp.Array: "array",
    exp.Exists: "exists",
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentUser: "current_user",
    exp.Localtimestamp: "localtimestamp",
    exp.Interval: "interval",
    exp.Tuple: "row",
    exp.Overlay: "overlay",
    exp.StrPosition: "position",
    exp.Nullif: "nullif",
    exp.Greatest: "greatest",
    exp.Least: "least",
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
    if isinstance(node, exp.Cast | exp.TryCast):
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
        return _anonymous(node), _SURE
    for kind, name in _KEYWORDS.items():
        if isinstance(node, kind) and not (kind is exp.StrPosition and "start" in node.meta):
            return name, _SURE if not isinstance(node, exp.Interval) else _WEAK
    return _call(node, text)


def _call(node: exp.Expr, text: str) -> tuple[str, int]:
    """Return a function's name as written: sqlglot's class may stand for several."""
    start, end = node.meta.get("start"), node.meta.get("end")
    if isinstance(node, exp.Func) and start is not None and end is not None:
        name = text[start : end + 1]
        if name.startswith('"'):
            return name.strip('"'), _SURE
        if name.replace("_", "").isalnum():
            return {"position": "position", "trim": "btrim"}.get(name.lower(), name.lower()), _SURE
    return UNNAMED, _NONE


def _anonymous(node: exp.Anonymous) -> str:
    name = node.this
    return identifier(name) if isinstance(name, exp.Expr) else str(name).lower()


def _type_name(kind: exp.DataType) -> str:
    if kind.is_type("array"):
        return _type_name(kind.expressions[0]) if kind.expressions else "array"
    name = kind.sql("postgres").partition("(")[0].strip().lower()
    return _TYPES.get(name, name.strip('"'))
