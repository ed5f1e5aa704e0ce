"""Which expressions can be keys: those that give the same result in every session."""

import re
from collections.abc import Collection

_CALL = re.compile(r"([a-z_][a-z0-9_]*)\s*\(")
_WORD_SEARCH = re.compile(r"to_tsvector\s*\((?!\s*')")  # no configuration: the session's own

# STABLE in pg_proc of Postgres 18, of what people put into predicates: they depend on a session's
# time zone, date style, locale or dictionary.
_STABLE = frozenset({
    "age", "clock_timestamp", "concat", "concat_ws", "current_setting", "format", "now",
    "row_to_json", "statement_timestamp", "to_char", "to_date", "to_json", "to_jsonb", "to_number",
    "to_timestamp", "transaction_timestamp", "unaccent",
})  # fmt: skip
_ZONED = frozenset({"timestamp with time zone", "timestamptz", "time with time zone"})
_TEXTS = frozenset({"text", "character varying", "character", "varchar"})
_TO_INSTANT = re.compile(r"(?:::\s*|\bas\s+)(?:date|time|timestamp|timestamptz|interval)\b")
_TO_TEXT = re.compile(r"(?:::\s*|\bas\s+)(?:text|varchar|character varying)\b")
_INSTANTS = frozenset({"date", "timestamp without time zone", "timestamp", "interval"})


def is_immutable(expression: str, types: Collection[str]) -> bool:
    """Tell whether Postgres would take an expression over columns of these types as a key.

    It errs on the side of no for what a session's settings could change; the rest is for the
    planner to refuse, which costs one candidate.

    >>> is_immutable('lower("email")', {"text"})
    True
    >>> is_immutable('"at"::date', {"timestamp with time zone"})
    False
    """
    text = expression.lower()
    calls = set(_CALL.findall(text))
    if calls & _STABLE or _WORD_SEARCH.search(text):
        return False
    if _ZONED.intersection(types) and "at time zone" not in text and "timezone" not in calls:
        return False
    if "date_trunc" in calls and "date" in types:  # date_trunc takes a date as a timestamptz
        return False
    if _TO_INSTANT.search(text) and _TEXTS.intersection(types):
        return False
    return not (_TO_TEXT.search(text) and _INSTANTS.intersection(types))
