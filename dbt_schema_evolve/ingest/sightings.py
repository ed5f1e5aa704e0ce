"""Turns a statement as somebody saw it into executions that may be kept."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from dbt_schema_evolve.ingest.fingerprint import is_ours
from dbt_schema_evolve.ingest.lexer import Token, TokenKind, is_closed, tokens
from dbt_schema_evolve.ingest.redact import redacted
from dbt_schema_evolve.ingest.tags import tags
from dbt_schema_evolve.records.executions import Execution, ExecutionSource, ReadExecutions
from dbt_schema_evolve.records.workload import Skip

CUT = " ..."  # ends the text of a statement whose end was lost on its way to us
MOST_LETTERS = 1_000_000  # of one statement; longer ones are bulk loads
# Statements that read or write rows. Others have no lineage, and some hold passwords.
_ROWS = re.compile(
    r"""\s*(?:
        [(] | select\b | with\b | values\b | table\b | insert\b | update\b | delete\b | merge\b
      | declare\b | refresh\s+materialized\b
      | create\s+(?:or\s+replace\s+)?(?:(?:global|local)\s+)?(?:temp(?:orary)?\s+|unlogged\s+)?
        (?:recursive\s+)?(?:table|view|materialized\s+view)\b .* \bas\b
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# Tags that name a place in somebody's code, a tool or a question; others (trace, request, job) are
# new at each call: kept, they would be as many as the calls.
_LASTING = frozenset(
    {
        "action", "application", "bi_dashboard", "bi_query", "bi_tool", "bi_user", "controller",
        "db_driver", "dbt_profile", "dbt_target", "framework", "job", "route"
    }
)  # fmt: skip
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\Z")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A statement as a log or span shows it: constants, comments and all. It is never kept."""

    at: datetime
    text: str
    source: ExecutionSource
    place: str  # in the file
    key: tuple[str, ...]  # with the text, tells one execution from others
    duration_us: int | None = None
    rows: int | None = None
    role: str = ""
    application_name: str = ""
    database: str = ""
    tags: frozenset[tuple[str, str]] = frozenset()  # besides those in the text
    node_id: str | None = None
    queryid: int | None = None


# (trace, span) -> what is known of the request that a span served.
Requests = dict[tuple[str, str], frozenset[tuple[str, str]]]


class Keeper:
    """Collects sightings as executions; what cannot be kept becomes a Skip."""

    def __init__(self, requests: Requests | None = None) -> None:
        """`requests` are those of trace files: a `traceparent` in a comment leads to one."""
        self._requests = requests or {}
        self._seen: Counter[str] = Counter()
        self._executions: list[Execution | None] = []
        self._skips: list[Skip] = []

    @property
    def read(self) -> ReadExecutions:
        """Everything so far."""
        kept = tuple(execution for execution in self._executions if execution is not None)
        return ReadExecutions(kept, tuple(self._skips))

    def __getitem__(self, place: int) -> Execution | None:
        """What `add` put there, unless it was dropped."""
        return self._executions[place]

    def __setitem__(self, place: int, execution: Execution | None) -> None:
        self._executions[place] = execution

    def skip(self, place: str, reason: str) -> None:
        """Note a place that could not be read."""
        self._skips.append(Skip(place, reason))

    def add(self, sighting: Sighting) -> int | None:
        """Keep what a sighting tells, if it is a statement that has lineage and is not ours.

        Returns where; None for nothing, and for several statements in one text.
        """
        if len(sighting.text) > MOST_LETTERS:
            self.skip(sighting.place, f"a statement of more than {MOST_LETTERS:,} letters")
            return None
        statements = _statements(sighting.text)
        if len(statements) > 1 and sighting.source is ExecutionSource.PLAN:
            if not is_ours(sighting.text):
                self.skip(sighting.place, "a plan of one of several statements in one text")
            return None
        count = len(self._executions)
        for statement in statements:
            self._add(sighting, statement, is_alone=len(statements) == 1)
        is_one = len(statements) == 1 and len(self._executions) > count
        return count if is_one else None

    def _add(self, sighting: Sighting, statement: str, *, is_alone: bool) -> None:
        whole, is_cut = _cut(statement)
        text = redacted(whole) + (CUT if is_cut else "")
        if not _ROWS.match(text) or is_ours(statement):
            return
        found = tags(statement) | sighting.tags
        by_key = dict(sorted(found))
        self._executions.append(
            Execution(
                id=self._id(text, sighting.key),
                at=sighting.at.astimezone(UTC),
                text=text,
                source=sighting.source,
                # The time of several statements sent as one is nobody's in particular.
                duration_us=sighting.duration_us if is_alone else None,
                rows=sighting.rows if is_alone else None,
                role=sighting.role,
                application_name=sighting.application_name,
                database=sighting.database,
                tags=self._lasting(found, by_key.get("traceparent", "")),
                node_id=sighting.node_id or by_key.get("dbt_node_id"),
                queryid=sighting.queryid if is_alone else None,
            )
        )

    def _lasting(
        self, found: frozenset[tuple[str, str]], traceparent: str
    ) -> frozenset[tuple[str, str]]:
        """Return the tags to keep; what a trace knows of the request is better than a comment."""
        match = _TRACEPARENT.match(traceparent.lower())
        request = self._requests.get((match[1], match[2]), frozenset()) if match else frozenset()
        told = {key for key, _ in request}
        return request | {tag for tag in found if tag[0] in _LASTING - told}

    def _id(self, text: str, key: tuple[str, ...]) -> str:
        """Return 16 hexadecimal digits; what is alike in all of it is told apart by its order."""
        parts = "\0".join((*key, text))
        name = hashlib.blake2b(parts.encode(errors="replace"), digest_size=8).hexdigest()
        self._seen[name] += 1
        if self._seen[name] == 1:
            return name
        nth = f"{name}\0{self._seen[name]}"
        return hashlib.blake2b(nth.encode(), digest_size=8).hexdigest()


def _cut(statement: str) -> tuple[str, bool]:
    """Return a statement without dots that stand for its end, and whether its end is missing."""
    bare = statement.rstrip()
    shown = bare.removesuffix("…").removesuffix("...")
    if shown != bare:
        return shown, True
    depth = 0
    last = Token(TokenKind.SYMBOL, " ", 0)
    for last in tokens(statement):
        if last.kind is TokenKind.SYMBOL and last.text in {"(", ")"}:
            depth += 1 if last.text == "(" else -1
    return statement, depth > 0 or not is_closed(last)


def _statements(text: str) -> list[str]:
    """Return the statements of a text, each with the comments before and in it."""
    if ";" not in text.rstrip("; \t\r\n"):
        return [text]
    found, begin, is_empty = [], 0, True
    for token in tokens(text):
        if token.kind is TokenKind.SYMBOL and token.text == ";":
            if not is_empty:
                found.append(text[begin : token.begin])
            begin, is_empty = token.begin + 1, True
        elif token.kind is not TokenKind.COMMENT:
            is_empty = False
    if not is_empty:
        found.append(text[begin:])
    return found if len(found) > 1 else [text]  # whole: a comment behind its semicolon counts
