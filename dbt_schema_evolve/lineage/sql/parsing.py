"""Statement text -> syntax tree, with the oddities of pg_stat_statements made readable first."""

import logging
import re
from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import Token, exp
from sqlglot.errors import ParseError, SqlglotError

# A private-use character, so that no text of a user's looks like it. `$1` itself cannot be left in:
# `date $1` reads as a column, and `($1,$2)` as the start of a dollar-quoted string.
MARK = "\ue000"
MARKED = re.compile(f"'{MARK}(\\d+)'")  # a whole literal, as `marked` puts it

_LOGGER = logging.getLogger("sqlglot")  # its warnings quote statements, and so people's data

_PIECE = re.compile(
    r"""
      (?P<kept>
          --[^\n]* | /\*.*?\*/ | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
        | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ | [^\W\d][\w$]*
      )
    | \$(?P<number>\d+)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_WORD = re.compile(r"\(|[a-z]+", re.IGNORECASE)
_CURSOR = re.compile(
    r"declare\s+(?:\"[^\"]+\"|\S+)\s+[\w\s]*?\bcursor\b[\w\s]*?\bfor\s+", re.IGNORECASE
)
_CREATES_ROWS = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:(?:global|local)\s+)?(?:temp(?:orary)?\s+|unlogged\s+)?"
    r"(?:recursive\s+)?(?:table|view|materialized\s+view)\b",
    re.IGNORECASE,
)
_RECURSIVE_VIEW = re.compile(
    r"(?P<head>create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?)recursive\s+view\s+"
    r"(?P<schema>(?:\"(?:[^\"]|\"\")+\"|\w+)\.)?(?P<name>\"(?:[^\"]|\"\")+\"|\w+)\s*"
    r"(?P<columns>\([^()]*\))\s*as\s+(?P<query>.*)",
    re.IGNORECASE | re.DOTALL,
)
_REFRESH = re.compile(
    r"refresh\s+materialized\s+view\s+(?:concurrently\s+)?(?P<name>.+)", re.IGNORECASE
)
_QUERIES = frozenset(
    {
        "(", "select", "with", "values", "table", "insert", "update", "delete", "merge", "create"
    }
)  # fmt: skip
_MOST_NESTED = 1000  # pairs of parentheses; the compiled parser's stack ends beyond 5,000
_PART = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')

UTILITY = "utility statement"
TOO_DEEP = "nested too deeply"
TEXT = "text"  # where a tree's root keeps the text that its nodes' positions count in


class UnreadableError(Exception):
    """A statement whose lineage cannot be told; it never leaves this package."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DoubtError(UnreadableError):
    """A column whose meaning cannot be told; it need not cost the rest of its statement."""


def marked(text: str) -> str:
    """Return the text with each `$n` as a string literal that carries its number."""
    if "$" not in text:
        return text

    def replace(piece: re.Match[str]) -> str:
        return piece[0] if piece["number"] is None else f"'{MARK}{piece['number']}'"

    return _PIECE.sub(replace, text)


def parameter(node: exp.Expr) -> int | None:
    """Return the n of the `$n` that a leaf stands for."""
    value = node.this
    if isinstance(value, str) and value.startswith(MARK) and value[1:].isdigit():
        return int(value[1:])
    return None


def stripped(text: str) -> str:
    """Return the text without leading comments and trailing semicolons."""
    lead = _COMMENTS.match(text)
    return text[lead.end() if lead else 0 :].rstrip("; \t\r\n")


def refreshed(text: str) -> tuple[str, str] | None:
    """Return schema (or nothing) and name of the materialized view that a REFRESH names."""
    match = _REFRESH.match(stripped(text))
    if match is None:
        return None
    parts = [
        quoted.replace('""', '"') if quoted else folded(plain)
        for quoted, plain in _PART.findall(match["name"].partition(" with ")[0])
    ]
    return (parts[-2] if len(parts) > 1 else "", parts[-1]) if parts else None


@lru_cache(maxsize=4096)  # a statement says the same few names again and again
def folded(name: str) -> str:
    """Return an unquoted name as Postgres stores it: in UTF-8 only ASCII letters are folded."""
    if name.isascii():
        return cut(name.lower())
    return cut("".join(letter.lower() if letter.isascii() else letter for letter in name))


def cut(name: str) -> str:
    """Return a name as Postgres stores it: at most 63 bytes, letters whole."""
    if len(name) <= 15:  # shorter than 63 bytes whatever the letters are
        return name
    return name.encode()[:63].decode(errors="ignore")


def identifier(node: exp.Expr | None) -> str:
    """Return the stored name behind an identifier; empty for none."""
    if not isinstance(node, exp.Expr):  # `..name` has an empty text for a schema
        return ""
    name = str(node.this) if isinstance(node, exp.Identifier) else node.name
    return cut(name) if node.args.get("quoted") else folded(name)


Parse = Callable[[str], exp.Expr]
"""`parse`, or `parse_once`."""


def parse(text: str) -> exp.Expr:
    """Return the tree of one marked statement; raise UnreadableError for all else.

    The tree is shared between callers: nobody may change it.
    """
    return _readable(_remembered(text))


@lru_cache(maxsize=64)  # a statement's expressions ask one after the other
def tokenized(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text that has been parsed."""
    return tuple(sqlglot.tokenize(text, read="postgres"))


def parse_once(text: str) -> exp.Expr:
    """Do what `parse` does for a text that nobody will ask for again; hold no tree."""
    return _readable(_parsed(text))


def _readable(tree: exp.Expr | str) -> exp.Expr:
    if isinstance(tree, str):
        raise UnreadableError(tree)
    return tree


def _rewritten(body: str) -> str | None:
    """Return the query of a cursor, or a recursive view as the view that it is short for."""
    if cursor := _CURSOR.match(body):
        return body[cursor.end() :]
    if view := _RECURSIVE_VIEW.fullmatch(body):
        return (
            f"{view['head']}view {view['schema'] or ''}{view['name']} as with recursive"
            f" {view['name']} {view['columns']} as ({view['query']}) table {view['name']}"
        )
    return None


def _depth(text: str) -> int:
    """Return how deep parentheses nest, those in strings counted too."""
    deepest = depth = 0
    for bracket in re.findall("[()]", text):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def _parsed(text: str) -> exp.Expr | str:  # noqa: PLR0911 - one for each reason
    body = stripped(text)
    written = _rewritten(body)
    if written is not None:
        text = body = written
    if body.count("(") > _MOST_NESTED and _depth(body) > _MOST_NESTED:
        return TOO_DEEP
    word = _WORD.match(body)
    first = word[0].lower() if word else ""
    if not body:
        return "empty statement"
    if first not in _QUERIES or (first == "create" and not _CREATES_ROWS.match(body)):
        return UTILITY
    was_silent, _LOGGER.disabled = _LOGGER.disabled, True
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect="postgres") if tree]
    except ParseError as error:
        # Not the error's own text: it quotes the statement, and with it somebody's data.
        at = error.errors[0] if error.errors else {}
        place = f"line {at.get('line')}, column {at.get('col')}"
        return f"cannot be parsed at {place}; cut short, or another dialect's?"
    except SqlglotError:
        return "a string, name or comment has no end; cut short?"
    except RecursionError:
        return TOO_DEEP
    except (AttributeError, LookupError, TypeError, ValueError):
        # How the parser fails on broken text that it did not foresee.
        return "cannot be parsed; cut short?"
    finally:
        _LOGGER.disabled = was_silent
    if len(trees) != 1:
        return "several statements in one text"
    tree = trees[0]
    if isinstance(tree, exp.Command):
        return UTILITY
    if isinstance(tree, exp.Create) and tree.expression is None:
        return UTILITY
    tree.meta[TEXT] = text
    return tree


# Big enough for the views and statements that one question touches, small enough not to hold the
# trees of a whole project.
_remembered = lru_cache(maxsize=256)(_parsed)
