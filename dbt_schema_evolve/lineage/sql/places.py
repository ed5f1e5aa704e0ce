"""What stands around a `$n`, and so what kind of literal can take its place."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.fixed_places import FIXED, FIXED_ARGUMENTS, RANGES
from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.parsing import parameter
from dbt_schema_evolve.lineage.sql.rows import Stored
from dbt_schema_evolve.lineage.sql.types import Family, Lookup, family, family_of


class Role(StrEnum):
    """How the literal is used."""

    FIXED = "fixed"  # a literal that the place itself asks for
    EQUAL = "equal"
    LOW = "low"
    HIGH = "high"
    PATTERN = "pattern"
    PREFIX = "prefix"  # of a pattern
    ARRAY = "array"
    ELEMENTS = "elements"  # an array of what a column's arrays hold
    PLAIN = "plain"  # any value of the family


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One occurrence of a parameter."""

    number: int
    role: Role
    family: Family = Family.UNKNOWN
    column: Stored | None = None
    sql: str = ""  # for FIXED
    nth: int = 0  # within a list
    query: int = 0  # which SELECT it stands in
    through: str = ""  # what the column goes through: a date field, `lower`, ...
    is_listed: bool = False  # alone in a list, where more values may stand


_FLIPPED: dict[type[exp.Expr], Role] = {
    exp.GT: Role.HIGH,
    exp.GTE: Role.HIGH,
    exp.LT: Role.LOW,
    exp.LTE: Role.LOW,
}
_ROLES: dict[type[exp.Expr], Role] = {
    exp.GT: Role.LOW,
    exp.GTE: Role.LOW,
    exp.LT: Role.HIGH,
    exp.LTE: Role.HIGH,
}
_WRAPPERS = (exp.Paren, exp.Neg, exp.Cast, exp.Alias, exp.Column)
_EQUALS = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is)
_CONTAINMENTS = (exp.ArrayContainsAll, exp.ArrayContainedBy, exp.ArrayOverlaps)
_JSON_STEPS = (exp.JSONPath, exp.JSONPathKey, exp.JSONPathSubscript)
_JSON = (exp.JSONExtract, exp.JSONExtractScalar)
_TEXTUAL = (exp.DPipe, exp.Concat, exp.ConcatWs)
_ADDING_UP = (exp.Sum, exp.Avg, exp.Max, exp.Min, exp.Count)
_ALIKE = (exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least)
_TIMES = frozenset({Family.DATE, Family.TIMESTAMP})


def places(tree: exp.Expr, lookup: Lookup) -> Iterator[Place]:
    """Yield every occurrence of every parameter, in the order of the walk."""
    for node in tree.walk():
        number = parameter(node)
        if number is not None:
            yield _place(node, number, lookup)


def _place(node: exp.Expr, number: int, lookup: Lookup) -> Place:
    cast = Family.UNKNOWN
    is_date = False
    while node.parent is not None and (isinstance(node.parent, _WRAPPERS) or _reads_iso_date(node)):
        is_date = is_date or _reads_iso_date(node)
        node = node.parent
        if isinstance(node, exp.Cast) and cast is Family.UNKNOWN:
            cast = family(node.to.sql("postgres"))
    found = _around(node, number, lookup)
    if is_date and found.column is None and found.role is not Role.FIXED:
        return Place(number, Role.PLAIN, Family.DATE)
    if cast is Family.UNKNOWN or found.role is Role.FIXED or cast is found.family:
        return found
    kept = found.column is not None and {cast, found.family} <= {*_TIMES, Family.UNKNOWN}
    if kept or found.role is Role.ARRAY:
        return found
    return Place(number, Role.PLAIN if found.role is Role.EQUAL else found.role, cast)


def _reads_iso_date(node: exp.Expr) -> bool:
    """Whether a node is the text in `to_date(text, 'YYYY-MM-DD')`: a date by another name.

    A format that is a parameter itself is bound to this one.
    """
    parent = node.parent
    if not isinstance(parent, exp.StrToDate | exp.StrToTime) or node.arg_key != "this":
        return False
    form = parent.args["format"]
    return parameter(form) is not None or form.name == "%Y-%m-%d"


def _around(node: exp.Expr, number: int, lookup: Lookup) -> Place:  # noqa: PLR0911, PLR0912
    parent = node.parent
    key = node.arg_key or ""
    if parent is None:
        return Place(number, Role.PLAIN)
    if isinstance(parent, exp.Interval):
        return _fixed(number, "'30'" if parent.args.get("unit") else "'30 days'")
    if isinstance(parent, _JSON_STEPS):
        return _fixed(number, "'id'")
    if isinstance(parent, _CONTAINMENTS):
        return _contained(_other(parent, node), number, lookup)
    if isinstance(parent, exp.MatchAgainst):
        against = parent.expressions[0] if key == "this" and parent.expressions else None
        is_json = family_of(against, lookup) is Family.JSON
        return _fixed(number, "'$.id == 1'" if is_json else "'a'")
    fixed = FIXED.get((type(parent), key))
    if fixed:
        return _fixed(number, fixed)
    if isinstance(parent, exp.Anonymous):
        return _argument(node, parent, number)
    if isinstance(parent, _JSON):
        return _fixed(number, "'id'")
    if isinstance(parent, _EQUALS):
        return _compared(node, _other(parent, node), Role.EQUAL, number, lookup)
    if type(parent) in _ROLES:
        roles = _ROLES if key == "expression" else _FLIPPED
        return _compared(node, _other(parent, node), roles[type(parent)], number, lookup)
    if isinstance(parent, exp.Between):
        role = Role.LOW if key == "low" else Role.HIGH
        return _compared(node, parent.this, role, number, lookup)
    if isinstance(parent, exp.In) and key == "expressions":
        alone = len(parent.expressions) == 1
        nth = node.index or 0
        return _compared(node, parent.this, Role.EQUAL, number, lookup, nth=nth, is_listed=alone)
    if isinstance(parent, exp.Any | exp.All) and isinstance(parent.parent, exp.EQ | exp.NEQ):
        return _compared(node, _other(parent.parent, parent), Role.ARRAY, number, lookup)
    if isinstance(parent, exp.Like | exp.ILike):
        return _compared(node, parent.this, Role.PATTERN, number, lookup)
    if isinstance(parent, exp.Tuple):
        return _in_tuple(node, parent, number, lookup)
    if isinstance(parent, exp.Array):
        return _in_array(node, parent, number, lookup)
    if isinstance(parent, _TEXTUAL):
        return _joined_text(node, parent, number, lookup)
    if isinstance(parent, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
        return _term(node, parent, number, lookup)
    if isinstance(parent, exp.If | exp.Case):
        return _branch(node, parent, number, lookup)
    if isinstance(parent, _ALIKE):
        others = [child for child in parent.iter_expressions() if child is not node]
        families = [family_of(other, lookup) for other in others]
        known = next((one for one in families if one is not Family.UNKNOWN), Family.UNKNOWN)
        return Place(number, Role.PLAIN, known or _outer_family(parent, lookup))
    if isinstance(parent, _ADDING_UP):
        return Place(number, Role.PLAIN, Family.NUMBER)
    if isinstance(parent, exp.Select):
        return Place(number, Role.PLAIN, _selected_family(node, parent, lookup))
    return Place(number, Role.PLAIN, Family.TEXT if isinstance(parent, exp.Func) else Family.NUMBER)


def _contained(other: exp.Expr, number: int, lookup: Lookup) -> Place:
    """Describe what `@>`, `<@` and `&&` compare a column's value with."""
    column, _ = _one_column(unwrapped(other), lookup)
    ranged = RANGES.get(column.type) if column is not None else None
    if ranged is not None:
        return _fixed(number, ranged)
    if column is not None and family(column.type) is Family.ARRAY:
        return Place(number, Role.ELEMENTS, Family.ARRAY, column)
    return _fixed(number, "'{}'")


def _fixed(number: int, sql: str) -> Place:
    return Place(number, Role.FIXED, sql=sql)


def _other(parent: exp.Expr, node: exp.Expr) -> exp.Expr:
    side: exp.Expr = parent.args["expression"] if node.arg_key == "this" else parent.this
    return side


def _compared(
    node: exp.Expr,
    other: exp.Expr,
    role: Role,
    number: int,
    lookup: Lookup,
    *,
    nth: int = 0,
    is_listed: bool = False,
) -> Place:
    """Describe a literal that is compared with an expression."""
    other = unwrapped(other)
    kind = family_of(other, lookup)
    column, through = _one_column(other, lookup)
    if through == "field":  # a day, a month, an hour: small numbers
        return _fixed(number, "1")
    if column is None and kind is Family.UNKNOWN:
        kind = Family.NUMBER
    if column is not None and not through and kind is Family.UNKNOWN:
        kind = family(column.type) or Family.TEXT
    query = node.find_ancestor(exp.Select, exp.Update, exp.Delete)
    return Place(
        number, role, kind, column, nth=nth, query=id(query), through=through, is_listed=is_listed
    )


def _one_column(node: exp.Expr, lookup: Lookup) -> tuple[Stored | None, str]:
    """Return the stored column that an expression speaks of, and what it goes through."""
    through = ""
    inner = node
    while not isinstance(inner, exp.Column):
        inner = unwrapped(inner)
        if isinstance(inner, exp.Cast):
            through = through or family(inner.to.sql("postgres")).value
            inner = inner.this
        elif isinstance(inner, exp.Lower | exp.Upper):
            through, inner = through or type(inner).__name__.lower(), inner.this
        elif isinstance(inner, exp.TimestampTrunc):
            through, inner = through or "month", inner.this
        elif isinstance(inner, exp.Extract):
            field = inner.this
            is_year = parameter(field) is not None or field.name.lower() == "year"
            through, inner = through or ("year" if is_year else "field"), inner.expression
        elif isinstance(inner, exp.Coalesce):
            inner = inner.this
        elif not isinstance(inner, exp.Column):
            return None, ""
    output = lookup(inner)
    if output is None or len(output.sources) != 1:
        return None, ""
    (column,) = output.sources
    if output.made_by is not None and not isinstance(unwrapped(output.made_by), exp.Column):
        found, deeper = _one_column(output.made_by, lookup)
        return (found, through or deeper) if found is not None else (None, "")
    return column, through


def _in_tuple(node: exp.Expr, parent: exp.Tuple, number: int, lookup: Lookup) -> Place:
    """Describe a cell of `(a, b) = ($1, $2)` or of `(a, b) in (($1, $2), ...)`."""
    outer = parent.parent
    while isinstance(outer, exp.Paren):
        outer = outer.parent
    at = node.index or 0
    left = unwrapped(outer.this) if isinstance(outer, exp.In | exp.EQ) else None
    if isinstance(left, exp.Tuple) and left is not parent and at < len(left.expressions):
        nth = parent.index or 0
        return _compared(node, left.expressions[at], Role.EQUAL, number, lookup, nth=nth)
    return Place(number, Role.PLAIN, Family.NUMBER)


def _in_array(node: exp.Expr, parent: exp.Array, number: int, lookup: Lookup) -> Place:
    outer: exp.Expr = parent
    while isinstance(outer.parent, exp.Paren | exp.Cast):
        outer = outer.parent
    if isinstance(outer.parent, exp.Any) and isinstance(outer.parent.parent, exp.EQ):
        other = _other(outer.parent.parent, outer.parent)
        alone = len(parent.expressions) == 1
        return _compared(
            node, other, Role.EQUAL, number, lookup, nth=node.index or 0, is_listed=alone
        )
    if isinstance(outer, exp.Cast):
        element = outer.to.sql("postgres").removesuffix("[]")
        return Place(number, Role.PLAIN, family(element))
    return Place(number, Role.PLAIN, Family.NUMBER)


def _joined_text(node: exp.Expr, parent: exp.Expr, number: int, lookup: Lookup) -> Place:
    """Describe a part of `a || $1`: a piece of a pattern, a unit, or a separator."""
    outer: exp.Expr = parent
    while isinstance(outer.parent, (*_TEXTUAL, exp.Paren)):
        outer = outer.parent
    above = outer.parent
    if isinstance(above, exp.Like | exp.ILike) and outer.arg_key == "expression":
        numbers = sorted(filter(None, map(parameter, outer.find_all(exp.Literal))))
        # `'abc' || '%'`, or `'%' || 'abc' || '%'`: the text is first of two, second of three.
        if numbers and number == numbers[len(numbers) > 2]:
            return _compared(node, above.this, Role.PREFIX, number, lookup)
        return _fixed(number, "'%'")
    if isinstance(above, exp.Cast) and family(above.to.sql("postgres")) is Family.INTERVAL:
        return _fixed(number, "' days'")
    return _fixed(number, "' '")


def _term(node: exp.Expr, parent: exp.Expr, number: int, lookup: Lookup) -> Place:
    """Describe a term of arithmetic; `date $1 - interval $2` is still compared with a column."""
    kind = family_of(node, lookup)
    other = family_of(_other(parent, node), lookup)
    if isinstance(parent, exp.Add | exp.Sub):
        if kind in _TIMES:
            outer: exp.Expr = parent
            while isinstance(outer.parent, exp.Add | exp.Sub | exp.Paren | exp.Cast):
                outer = outer.parent
            found = _around(outer, number, lookup)
            return found if found.column is not None else Place(number, Role.PLAIN, kind)
        if other is Family.DATE and kind is not Family.INTERVAL:
            return _fixed(number, "30")
        if other in {Family.TIMESTAMP, Family.INTERVAL} or kind is Family.INTERVAL:
            return _fixed(number, "interval '30 days'" if kind is Family.UNKNOWN else "'30 days'")
    if other is Family.INTERVAL:
        return _fixed(number, "30")
    return _fixed(number, "2")


def _branch(node: exp.Expr, parent: exp.Expr, number: int, lookup: Lookup) -> Place:
    """Describe what CASE tests or returns."""
    case = parent if isinstance(parent, exp.Case) else parent.parent
    if case is None:
        return Place(number, Role.PLAIN)
    if isinstance(parent, exp.If) and node.arg_key == "this":
        if case.this is not None:
            return _compared(node, case.this, Role.EQUAL, number, lookup)
        return _fixed(number, "true")
    known = family_of(case, lookup) or _outer_family(case, lookup)
    if known is Family.NUMBER and node.arg_key == "default":
        return _fixed(number, "0")  # `case when x then 1 else 0 end` counts
    return Place(number, Role.PLAIN, known)


def _outer_family(node: exp.Expr, lookup: Lookup) -> Family:
    """Return what the surroundings of an expression of literals ask for."""
    outer = node.parent
    while isinstance(outer, exp.Paren | exp.Alias | exp.Filter | exp.Window | exp.Distinct):
        outer = outer.parent
    if isinstance(outer, exp.Cast):
        return family(outer.to.sql("postgres"))
    if isinstance(outer, (exp.Sum, exp.Avg, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Count)):
        return Family.NUMBER
    if isinstance(outer, exp.Binary) and outer.this is not None:
        return family_of(_other(outer, node), lookup) if node.parent is outer else Family.UNKNOWN
    if isinstance(outer, _TEXTUAL):
        return Family.TEXT
    return Family.NUMBER


def _selected_family(node: exp.Expr, select: exp.Select, lookup: Lookup) -> Family:
    """Return what a literal in a select list must be to meet the other arms of a union."""
    if not isinstance(select.parent, exp.SetOperation) or node.arg_key != "expressions":
        return Family.NUMBER
    top: exp.Expr = select
    while isinstance(top.parent, exp.SetOperation | exp.Subquery):
        top = top.parent
    at = node.index or 0
    for arm in top.find_all(exp.Select):
        if arm is not select and isinstance(arm.parent, exp.SetOperation) and at < len(arm.selects):
            found = family_of(arm.selects[at], lookup)
            if found is not Family.UNKNOWN:
                return found
    return Family.NUMBER


def _argument(node: exp.Expr, call: exp.Anonymous, number: int) -> Place:
    at = node.index or 0
    name = call.name.lower()
    if name.endswith(("tsquery", "tsvector")) and at == 0 and len(call.expressions) == 2:
        return _fixed(number, "'simple'")
    fixed = FIXED_ARGUMENTS.get((name, at))
    return _fixed(number, fixed) if fixed else Place(number, Role.PLAIN, Family.TEXT)
