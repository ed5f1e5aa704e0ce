"""Index keys as the raw SQL fragments that dbt-postgres joins into CREATE INDEX, and back."""

import re

from dbt_schema_evolve.records.changes import IndexKey
from dbt_schema_evolve.records.relations import quoted

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")

# pg_get_keywords() of Postgres 18, catcode R and T: names that a column must quote.
# tests/e2e/test_patch_with_dbt.py compares the list with the server's.
_RESERVED_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check
    collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user default deferrable
    desc distinct do else end except false fetch for foreign freeze from full grant group having
    ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps
    placing primary references returning right select session_user similar some symmetric
    system_user table tablesample then to trailing true union unique user using variadic verbose
    when where window with
"""
RESERVED = frozenset(_RESERVED_WORDS.split())

_ORDER = re.compile(
    r"(?P<head>.*?)(?:\s+(?P<way>asc|desc))?(?:\s+nulls\s+(?P<nulls>first|last))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_CLASS = r'(?P<class>(?:(?:"(?:[^"]|"")+"|\w+)\.)?\w+)'
_COLUMN = re.compile(
    r'(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<bare>[^\W\d][\w$]*))' + rf"(?:\s+{_CLASS})?\Z"
)
_AFTER_PARENTHESIS = re.compile(rf"(?P<term>.*\))\s+{_CLASS}\Z", re.DOTALL)


def column_sql(name: str) -> str:
    """Return a column as SQL, quoted only where it would be read as something else."""
    return name if _PLAIN.match(name) and name not in RESERVED else quoted(name)


def key_fragment(key: IndexKey) -> str:
    """Return one entry of `columns`."""
    if key.is_expression:
        return key.sql
    return column_sql(key.term) + key.sql.removeprefix(quoted(key.term))


def parse_fragment(fragment: str) -> IndexKey:
    """Read an entry of `columns` as Postgres will."""
    ordered = _ORDER.match(fragment.strip())
    assert ordered is not None  # noqa: S101 - every part of the pattern may be empty
    head = ordered["head"].strip()
    descending = (ordered["way"] or "").lower() == "desc"
    nulls_first = (ordered["nulls"] or ("first" if descending else "last")).lower() == "first"
    column = _COLUMN.match(head)
    if column:
        name = column["bare"].lower() if column["bare"] else column["quoted"].replace('""', '"')
        return IndexKey(name, False, descending, nulls_first, column["class"] or "")
    tail = _AFTER_PARENTHESIS.match(head)
    term, operator_class = (tail["term"], tail["class"]) if tail else (head, "")
    return IndexKey(normal_expression(term), True, descending, nulls_first, operator_class)


def normal_key(key: IndexKey) -> IndexKey:
    """Return a key in the form in which keys from dbt and from the catalog compare equal."""
    if not key.is_expression:
        return key
    term = normal_expression(key.term)
    return IndexKey(term, True, key.descending, key.nulls_first, key.operator_class)


def normal_expression(sql: str) -> str:
    """Strip what Postgres adds to an expression when it prints it: casts to text, parentheses."""
    parts = re.split(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""", sql)
    for at in range(0, len(parts), 2):
        parts[at] = re.sub(r"\s+", " ", parts[at].lower())
        parts[at] = re.sub(r"\s*([(),=<>+*/-])\s*", r"\1", parts[at])
        parts[at] = re.sub(r"::(text|character varying)\b(?!\[)", "", parts[at])
    text = "".join(parts).strip()
    text = re.sub(r"(?<![\w\"])\((\w+|\"[^\"]+\")\)", r"\1", text)
    while text.startswith("(") and _matching(text) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _matching(text: str) -> int:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at
    return -1
