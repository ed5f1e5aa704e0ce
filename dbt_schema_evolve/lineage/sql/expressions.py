"""What an index could hold in place of a column: an expression's SQL over its relation's columns.

The text is the statement's own, not the parser's rendering of it: `date_part('year', at)` and
`extract(year from at)` are one node and two functions, and the planner matches functions.
"""

import re

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.immutable import is_immutable
from dbt_schema_evolve.lineage.sql.parsing import TEXT, tokenized
from dbt_schema_evolve.lineage.sql.rows import IDENTITY, Output
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.relations import quoted

_WORD = re.compile(r"\w+")
# How many words of an expression may stand before and behind its outermost names: a sign or
# `cast(`; brackets, casts, and the keys of JSON, of which the parser keeps no place.
_WIDENINGS = [(before, behind) for before in range(3) for behind in range(12)]


def stored_expression(node: exp.Expr, scope: Scope, walk: Walk) -> str:
    """Return an expression as an index of one relation could hold it; empty where none could."""
    node = unwrapped(node)
    columns = list(node.find_all(exp.Column))
    if not columns or not is_immutable(node, lambda column: walk.column(column, scope).output):
        return ""
    found = [walk.column(column, scope) for column in columns]
    relations = {stored.name.relation for each in found for stored in each.output.sources}
    if len(relations) != 1 or len({each.item for each in found}) != 1:
        return ""
    names = [_as_stored(each.output, walk) for each in found]
    return _spelled(node, columns, names) if all(names) else ""


def output_expression(output: Output, walk: Walk) -> str:
    """Return the expression that a query's column is; empty for one that is stored as it is."""
    if output.made_by is None or not isinstance(output.made_in, Scope):
        return ""
    node = unwrapped(output.made_by)
    return "" if isinstance(node, exp.Column) else stored_expression(node, output.made_in, walk)


def _as_stored(output: Output, walk: Walk) -> str:
    """Return the SQL of a column that may come through views and derived tables."""
    if len(output.sources) == 1:
        ((stored, rank),) = output.sources.items()
        if rank == IDENTITY:
            return quoted(stored.name.column)
    text = output_expression(output, walk)
    return f"({text})" if text else ""


def _spelled(node: exp.Expr, columns: list[exp.Column], names: list[str]) -> str:
    """Return the text of an expression with other names for its columns."""
    root = node.root()
    text = str(root.meta.get(TEXT, ""))
    tokens = tokenized(text)
    span = _span(node, text, tokens)
    if span is None:
        return ""
    places = {}
    for column, name in zip(columns, names, strict=True):
        first = next(c for key in ("catalog", "db", "table", "this") if (c := column.args.get(key)))
        places[first.meta["start"]] = (column.this.meta["end"], name)
    out: list[str] = []
    end = inside = -1
    for token in tokens[span[0] : span[1] + 1]:
        if token.start <= inside:
            end = token.end
            continue
        raw = text[token.start : token.end + 1]
        if token.start in places:
            inside, raw = places[token.start]
        elif _WORD.fullmatch(raw):
            raw = raw.lower()
        out += (" ", raw) if out and token.start > end + 1 else (raw,)
        end = token.end
    return "".join(out)


def _span(node: exp.Expr, text: str, tokens: tuple[Token, ...]) -> tuple[int, int] | None:
    """Return the first and last token of an expression.

    Names and constants know their places; what stands around them is tried, step by step, until
    the parser reads the piece as that very expression.
    """
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    ends = [part.meta["end"] for part in node.walk() if "end" in part.meta]
    if not starts:
        return None
    first = next((at for at, token in enumerate(tokens) if token.end >= min(starts)), None)
    last = next((at for at, token in enumerate(tokens) if token.end >= max(ends)), None)
    if first is None or last is None:
        return None
    tried = set()
    for before, behind in _WIDENINGS:
        around = _balanced(first, min(last + behind, len(tokens) - 1), tokens)
        span = _balanced(max(around[0] - before, 0), around[1], tokens)
        if span in tried:
            continue
        tried.add(span)
        if _reads_as(text[tokens[span[0]].start : tokens[span[1]].end + 1], node):
            return span
    return None


def _balanced(first: int, last: int, tokens: tuple[Token, ...]) -> tuple[int, int]:
    """Widen a span until its brackets are in pairs, with the word before one that opens it."""
    depth = lowest = 0
    for token in tokens[first : last + 1]:
        depth += _DEPTH.get(token.token_type, 0)
        lowest = min(lowest, depth)
    opened = depth - lowest
    while opened and last + 1 < len(tokens):
        last += 1
        opened += _DEPTH.get(tokens[last].token_type, 0)
    closed = -lowest
    while closed and first > 0:
        first -= 1
        closed -= _DEPTH.get(tokens[first].token_type, 0)
    return first, last


_DEPTH = {
    TokenType.L_PAREN: 1, TokenType.R_PAREN: -1, TokenType.L_BRACKET: 1, TokenType.R_BRACKET: -1,
}  # fmt: skip


def _reads_as(piece: str, node: exp.Expr) -> bool:
    try:
        tree = sqlglot.parse_one(f"select {piece}", dialect="postgres")
    except (SqlglotError, ValueError, AttributeError, LookupError, TypeError):
        return False
    return (
        isinstance(tree, exp.Select)
        and len(tree.expressions) == 1
        and set(filter(tree.args.get, tree.args)) == {"expressions"}
        and _inside_parentheses(tree.expressions[0]) == node
    )


def _inside_parentheses(node: exp.Expr) -> exp.Expr:
    """Return what stands inside parentheses; an alias would not be part of the expression."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
