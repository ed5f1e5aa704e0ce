"""Edits a query's text where its meaning asks for it; all other bytes stay as they were."""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import SqlglotError

from dbt_schema_evolve.errors import EvolveError
from dbt_schema_evolve.lineage.sql.parsing import (
    MARKED,
    TEXT,
    UnreadableError,
    identifier,
    marked,
    parse,
)
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.writing import TRANSIENT
from dbt_schema_evolve.records.relations import RelationName, quoted

Splice = tuple[int, int, str]
"""Start, end (behind the last character) and what goes there instead."""

_BOUNDS = frozenset({TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH})


def rename_relations(
    sql: str, mapping: Mapping[RelationName, RelationName], schema: LineageSchema
) -> str:
    """Return a query that reads other relations; unqualified names follow the search path.

    Raises EvolveError for a text that cannot be parsed: half a rename would read both worlds.
    """
    tree = _parsed(sql)
    edits = list(_renames(tree, mapping, schema))
    return unmarked(spliced(str(tree.meta[TEXT]), edits))


def with_stand_ins(sql: str, relation: RelationName, rows: int, schema: LineageSchema) -> str:
    """Return a statement that reads rows of a relation in place of the table that dbt filled.

    `x__dbt_tmp123` holds the new rows of x: as many of x's own are planned alike.
    """
    tree = _parsed(sql)
    columns = ", ".join(quoted(column.name) for column in schema.columns.get(relation, ()))
    edits: list[Splice] = []
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or not TRANSIENT.search(table.name):
            continue
        first = table.args.get("catalog") or table.args.get("db") or table.this
        standing = f"(select {columns or '*'} from {relation.sql} limit {rows})"  # noqa: S608
        if not table.args.get("alias"):
            standing += f" as {quoted(identifier(table.this))}"
        edits.append((first.meta["start"], table.this.meta["end"] + 1, standing))
    return unmarked(spliced(str(tree.meta[TEXT]), edits))


def without_limit(sql: str) -> str | None:
    """Return the query without its top-level LIMIT, OFFSET and FETCH; None where it has none."""
    text = marked(sql)
    try:
        words = sqlglot.tokenize(text, read="postgres")
    except SqlglotError:
        return None
    while words and words[-1].token_type is TokenType.SEMICOLON:
        words.pop()
    level = _outer_parentheses(words)
    edits: list[Splice] = []
    depth = 0
    cut: int | None = None
    for word in words:
        if cut is not None and depth == level and _ends_bound(word):
            edits.append((cut, word.start, ""))
            cut = None
        depth += (word.token_type is TokenType.L_PAREN) - (word.token_type is TokenType.R_PAREN)
        if cut is not None and depth < level:
            edits.append((cut, word.start, ""))
            cut = None
        if cut is None and depth == level and word.token_type in _BOUNDS:
            cut = word.start
    if cut is not None:
        edits.append((cut, words[-1].end + 1, ""))
    return unmarked(spliced(text, edits)).rstrip() if edits else None


def spliced(text: str, edits: list[Splice]) -> str:
    """Return the text with every edit made; edits do not overlap."""
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def unmarked(text: str) -> str:
    """Return the text with `$n` where `marked` had put a literal."""
    return MARKED.sub(r"$\1", text)


def _parsed(sql: str) -> exp.Expr:
    try:
        return parse(marked(sql))
    except UnreadableError as unreadable:
        raise EvolveError(
            f"the query's relations cannot be renamed: {unreadable.reason}",
            remedy="leave this query out",
        ) from unreadable


def is_cte_reference(table: exp.Table) -> bool:
    """Return whether a table reference means a WITH query in sight."""
    if table.args.get("db") or not isinstance(table.this, exp.Identifier):
        return False
    name = identifier(table.this)
    inside: exp.Expr = table
    while inside.parent is not None:
        parent = inside.parent
        # From inside one of the WITH queries, those before it are in sight, else all of them.
        clause = parent if isinstance(parent, exp.With) else parent.args.get("with_")
        if clause is not None and clause is not inside:
            visible = list(clause.expressions)
            if inside in visible:
                own = next(at for at, cte in enumerate(visible) if cte is inside)
                visible = visible[: own + bool(clause.args.get("recursive"))]
            if any(identifier(cte.args["alias"].this) == name for cte in visible):
                return True
        inside = parent
    return False


def _renames(
    tree: exp.Expr, mapping: Mapping[RelationName, RelationName], schema: LineageSchema
) -> Iterator[Splice]:
    renamed: set[RelationName] = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or is_cte_reference(table):
            continue
        name = identifier(table.this)
        relation = schema.relation(identifier(table.args.get("db")), name)
        new = mapping.get(relation)
        if new is None:
            continue
        renamed.add(relation)
        first = table.args.get("catalog") or table.args.get("db") or table.this
        replacement = new.sql
        if not table.args.get("alias") and new.name != name:
            replacement += f" as {quoted(name)}"  # columns are qualified by the old name
        yield first.meta["start"], table.this.meta["end"] + 1, replacement
    for column in tree.find_all(exp.Column):
        outer = column.args.get("catalog") or column.args.get("db")
        if outer is not None:
            relation = RelationName(identifier(column.args["db"]), identifier(column.args["table"]))
            if relation in renamed:
                yield outer.meta["start"], column.args["table"].meta["start"], ""


def _ends_bound(word: Token) -> bool:
    """Return whether a word begins the clause behind LIMIT, OFFSET or FETCH."""
    return word.token_type in {*_BOUNDS, TokenType.FOR}


def _outer_parentheses(words: list[Token]) -> int:
    """Return how many pairs of parentheses enclose the whole query."""
    pairs = 0
    while _encloses(words[pairs : len(words) - pairs]):
        pairs += 1
    return pairs


def _encloses(words: list[Token]) -> bool:
    if not words or words[0].token_type is not TokenType.L_PAREN:
        return False
    depth = 0
    for at, word in enumerate(words):
        depth += (word.token_type is TokenType.L_PAREN) - (word.token_type is TokenType.R_PAREN)
        if depth == 0:
            return at == len(words) - 1
    return False
