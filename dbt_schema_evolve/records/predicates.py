"""Predicates of partial indexes, spelled so that they compare equal."""

import re

_TOKEN = re.compile(
    r"""(?P<literal>'(?:[^']|'')*')
      | (?P<cast>::\s*(?:"(?:[^"]|"")*"|[\w.]+)
          (?:\s+(?:varying|precision|without\s+time\s+zone|with\s+time\s+zone))?
          (?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\[\])*)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<word>[^\W\d]\w*)
      | (?P<space>[\s()]+)
      | (?P<other>.)""",
    re.VERBOSE | re.IGNORECASE,
)
_PLAIN = re.compile(r'"[a-z_][a-z0-9_]*"\Z')


def normal_predicate(where: str) -> str:
    r"""Spell a predicate so that Postgres' spelling of it and ours compare equal.

    Postgres adds casts and parentheses and drops quotes: `(status = 'open'::text)`. Dropping
    parentheses could make two different predicates equal; then an index is left unadvised, which
    is the harmless mistake.

    >>> normal_predicate("(status = 'Open'::character varying(10))")
    "status = 'Open'"
    >>> normal_predicate('"status" = \'Open\'')
    "status = 'Open'"
    """
    parts: list[str] = []
    for match in _TOKEN.finditer(where):
        kind, text = match.lastgroup, match.group()
        if kind in {"cast", "space"}:
            continue
        if kind == "word":
            text = text.lower()
        elif kind == "quoted" and _PLAIN.match(text):
            text = text[1:-1]
        parts.append(text)
    return " ".join(parts)
