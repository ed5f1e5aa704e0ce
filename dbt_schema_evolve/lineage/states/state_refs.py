"""Finds the state of the graph that somebody means."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.errors import HistoryError
from dbt_schema_evolve.records.lineage_states import LineageState

LATEST, PREVIOUS = "latest", "previous"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]")
_SHORTEST = 4  # characters of an id or commit: git's own limit


def find_state(states: Sequence[LineageState], ref: str) -> LineageState:
    """Return the state that is meant; `states` are oldest first.

    `latest`, `previous`, a date or time (the newest state that was there then; without a zone it
    is UTC), or the beginning of an invocation id or of a commit (its newest state).
    Raises HistoryError where no state, or no single one, is meant.
    """
    if ref in {LATEST, PREVIOUS}:
        back = 1 if ref == LATEST else 2
        if len(states) < back:
            raise HistoryError(
                "the history holds one state of the graph" if states else "there is no state yet",
                remedy="run `schema-evolve ingest` after each dbt run, or give a folder: --state",
            )
        return states[-back]
    if _DATE.match(ref) or _TIME.match(ref):
        return _at(states, ref)
    if len(ref) < _SHORTEST:
        raise HistoryError(
            f"{ref!r} is too short to mean a state",
            remedy=f"give at least {_SHORTEST} characters of an invocation id or a commit",
        )
    by_commit: dict[str, LineageState] = {}
    for state in states:
        if state.commit is not None and state.commit.sha.startswith(ref.lower()):
            by_commit[state.commit.sha] = state
    found = {*by_commit.values(), *(s for s in states if s.invocation_id.startswith(ref))}
    if len(found) > 1:
        names = sorted(
            f"{state.invocation_id} of {state.generated_at:%Y-%m-%d %H:%M:%S}" for state in found
        )
        raise HistoryError(
            f"{ref!r} means {len(found)} states", remedy=f"say which: {', '.join(names)}"
        )
    if not found:
        raise HistoryError(f"no state of the graph is called {ref!r}", remedy=_known(states))
    return found.pop()


def state_name(state: LineageState) -> str:
    """Return a state in words that people know it by."""
    words = [f"{state.generated_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"]
    if state.which:
        words.append(f"dbt {state.which}")
    words.append(f"invocation {state.invocation_id}")
    if state.commit is not None:
        edited = " with edits" if state.commit.is_dirty else ""
        words.append(f"commit {state.commit.sha[:10]}{edited}")
    return ", ".join(words)


def _at(states: Sequence[LineageState], ref: str) -> LineageState:
    try:
        instant = datetime.fromisoformat(ref)
    except ValueError as error:
        raise HistoryError(
            f"{ref!r} is no date", remedy="write it as 2026-03-01 or 2026-03-01T06:30:00Z"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    if _DATE.match(ref):
        instant += timedelta(days=1) - timedelta(microseconds=1)  # the whole day
    then = [state for state in states if state.generated_at <= instant]
    if not then:
        raise HistoryError(f"there was no state of the graph at {ref}", remedy=_known(states))
    return then[-1]


def _known(states: Sequence[LineageState]) -> str:
    if not states:
        return "run `schema-evolve ingest` after a dbt run"
    first, last = (f"{s.generated_at:%Y-%m-%d %H:%M}" for s in (states[0], states[-1]))
    return f"the history holds {len(states)} states from {first} to {last} UTC"
