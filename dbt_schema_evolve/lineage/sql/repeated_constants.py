"""Parameters that were one constant when the query was written, or still stand as one in it."""

import re
from collections.abc import Iterable, Mapping

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.parsing import MARKED

_CONSTANT = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


def equal_by_meaning(tree: exp.Expr) -> Iterable[list[int]]:
    """Yield parameters that must be one value, or the query would not be valid.

    `select coalesce(x, $1) ... group by coalesce(x, $2)` was written with one constant.
    """
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        keys = [*(group.expressions if group is not None else ())]
        if select.args.get("distinct") is not None:
            keys += select.expressions
        wanted: Mapping[str, list[int]] = {
            shape: numbers for shape, numbers in map(_shape, keys) if numbers
        }
        if not wanted:
            continue
        others = (
            *select.expressions,
            *filter(None, (select.args.get("having"), select.args.get("order"))),
        )
        for term in others:
            for node in term.walk():
                shape, numbers = _shape(node) if _may_match(node) else ("", [])
                if shape in wanted:
                    for pair in zip(wanted[shape], numbers, strict=True):
                        yield list(pair)


def kept_in_group_by(tree: exp.Expr, text: str) -> dict[int, str]:
    """Return the constants that pg_stat_statements left standing, by the parameter they match.

    A key of GROUP BY that repeats an output is only a reference to it once it is analysed, so
    `select trunc('week', d) ... group by trunc('week', d)` is kept as `select trunc($1, d) ...
    group by trunc('week', d)`.
    """
    # sqlglot spells units in capitals; Postgres compares constants as they were written.
    written = {constant.upper(): constant for constant in _CONSTANT.findall(text)}
    kept: dict[int, str] = {}
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        keys = [_slots(key) for key in (group.expressions if group is not None else ())]
        for output in select.expressions:
            for node in output.walk():
                if not _may_match(node):
                    continue
                shape, slots = _slots(node)
                twin = next((key for key in keys if key[0] == shape), None)
                if twin is None or twin[1] == slots:
                    continue
                keys.remove(twin)
                for mine, theirs in zip(slots, twin[1], strict=True):
                    number = MARKED.fullmatch(mine)
                    if number and not MARKED.fullmatch(theirs):
                        kept[int(number[1])] = written.get(theirs.upper(), theirs)
    return kept


def _slots(node: exp.Expr) -> tuple[str, list[str]]:
    """Return an expression without its constants, and the constants."""
    sql = node.unalias().sql("postgres")
    return _CONSTANT.sub("?", sql), _CONSTANT.findall(sql)


def _may_match(node: exp.Expr) -> bool:
    return not isinstance(node, exp.Literal | exp.Column | exp.Identifier | exp.Alias)


def _shape(node: exp.Expr) -> tuple[str, list[int]]:
    """Return an expression without its parameters' numbers, and the numbers."""
    sql = node.unalias().sql("postgres")
    return MARKED.sub("?", sql), [int(number) for number in MARKED.findall(sql)]
