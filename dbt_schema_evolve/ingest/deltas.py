"""Turns counters that only grow into what happened between two captures.

pg_stat_statements forgets: an entry is evicted and comes back at zero, a reset or a crash wipes
everything, a role without rights sees only its own entries, and clocks of several machines
disagree. From 17 on `stats_since` tells when an entry began; before, a counter that fell is read
as a reset, so captures whose clocks disagree count what lies between them twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from dbt_schema_evolve.records.captures import Capture
from dbt_schema_evolve.records.workload import QueryStat, Statement, StatementSnapshot

_UNREADABLE = "<insufficient privilege>"  # instead of a text, where the reader lacks rights

Instant = datetime
_Window = tuple[Instant, Instant]  # from, to


class _Entry(NamedTuple):
    """What pg_stat_statements counts on its own."""

    queryid: int
    role: str
    toplevel: bool


class _Counters(NamedTuple):
    calls: int
    total_us: int
    rows: int
    shared_blocks: int
    temp_blocks: int

    # Written out: of a large warehouse it happens a million times, and a loop takes six times as
    # long.

    def minus(self, other: "_Counters") -> "_Counters":
        return _Counters(
            self.calls - other.calls,
            self.total_us - other.total_us,
            self.rows - other.rows,
            self.shared_blocks - other.shared_blocks,
            self.temp_blocks - other.temp_blocks,
        )

    def plus(self, other: "_Counters") -> "_Counters":
        return _Counters(
            self.calls + other.calls,
            self.total_us + other.total_us,
            self.rows + other.rows,
            self.shared_blocks + other.shared_blocks,
            self.temp_blocks + other.temp_blocks,
        )

    def reaches(self, other: "_Counters") -> bool:
        """Whether none of them fell."""
        return (
            self.calls >= other.calls
            and self.total_us >= other.total_us
            and self.rows >= other.rows
            and self.shared_blocks >= other.shared_blocks
            and self.temp_blocks >= other.temp_blocks
        )


_NOTHING = _Counters(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Look:
    """One instant at which somebody looked."""

    at: Instant
    newest_entry: datetime | None  # the latest `stats_since` that was seen
    is_partial: bool


_Seen = Mapping[Instant, StatementSnapshot]
"""What was seen of one entry."""
_Before = Mapping[Instant, _Look | None]
"""The look before that of an instant."""


def query_stats(
    snapshots: Iterable[StatementSnapshot],
    fingerprint: Callable[[str], str],
    partial: frozenset[str] = frozenset(),
) -> tuple[QueryStat, ...]:
    """Return what each fingerprint did for each role between successive captures.

    `partial` names captures that could not see every role's statements (`partial_captures`).
    The order of the snapshots does not matter; only windows with calls are returned.
    """
    by_entry, previous = _by_entry(snapshots, partial)
    groups: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for entry, seen in by_entry.items():
        texts = {snapshot.text for snapshot in seen.values()}
        for name in {fingerprint(text) for text in texts}:
            groups[name, entry.role].append(seen)
    # One after the other, so that of a million windows no more is held than what is returned.
    return tuple(
        QueryStat(name, role, *window, *counted)
        for name, role in sorted(groups)
        for window, counted in sorted(_totals(name, groups[name, role], previous, fingerprint))
        if counted.calls > 0
    )


def _totals(
    name: str,
    entries: Iterable[_Seen],
    previous: _Before,
    fingerprint: Callable[[str], str],
) -> Iterable[tuple[_Window, _Counters]]:
    """Return what some entries counted of one fingerprint, window by window."""
    totals: dict[_Window, _Counters] = {}
    for seen in entries:
        for window, delta in _deltas(seen, previous):
            if fingerprint(seen[window[1]].text) == name:
                other = totals.get(window)
                totals[window] = delta if other is None else other.plus(delta)
    return totals.items()


def partial_captures(captures: Iterable[Capture]) -> frozenset[str]:
    """Return the ids of captures that did not see every statement of every role."""
    return frozenset(
        capture.capture_id
        for capture in captures
        if any(skip.subject.startswith("statements") for skip in capture.not_looked_at)
    )


def statements(
    snapshots: Iterable[StatementSnapshot],
    fingerprint: Callable[[str], str],
    tags: Callable[[str], frozenset[tuple[str, str]]],
) -> tuple[Statement, ...]:
    """Return each query once, with all the roles and tags under which it was seen."""
    roles_by_text: dict[str, set[str]] = defaultdict(set)
    for snapshot in snapshots:
        if snapshot.text != _UNREADABLE:
            roles_by_text[snapshot.text].add(snapshot.role)
    texts_by_name: dict[str, list[str]] = defaultdict(list)
    for text in roles_by_text:
        texts_by_name[fingerprint(text)].append(text)
    return tuple(
        _statement(name, texts, roles_by_text, tags)
        for name, texts in sorted(texts_by_name.items())
    )


def _statement(
    name: str,
    texts: Sequence[str],
    roles: Mapping[str, set[str]],
    tags: Callable[[str], frozenset[tuple[str, str]]],
) -> Statement:
    found = frozenset(tag for text in texts for tag in tags(text))
    nodes = {value for key, value in found if key == "dbt_node_id"}
    return Statement(
        fingerprint=name,
        text=min(texts, key=lambda text: (len(text), text)),
        roles=frozenset(role for text in texts for role in roles[text]),
        tags=found,
        # Two nodes that send the same query (generated tests do) leave it without an owner.
        node_id=nodes.pop() if len(nodes) == 1 else None,
    )


def _by_entry(
    snapshots: Iterable[StatementSnapshot], partial: frozenset[str]
) -> tuple[Mapping[_Entry, _Seen], _Before]:
    """Return the snapshots of each entry by instant, and for each instant the look before it.

    Captures at one instant are one look: counters only grow, so the higher one is the later one.
    """
    by_entry: dict[_Entry, dict[Instant, StatementSnapshot]] = defaultdict(dict)
    newest: dict[Instant, datetime | None] = {}
    complete: dict[Instant, bool] = defaultdict(bool)
    for snapshot in snapshots:
        if snapshot.text == _UNREADABLE:
            continue
        at = snapshot.captured_at
        seen = by_entry[_Entry(snapshot.queryid, snapshot.role, snapshot.toplevel)]
        other = seen.get(at)
        if other is None or _later(other) < _later(snapshot):
            seen[at] = snapshot
        newest[at] = _latest(newest.get(at), snapshot.stats_since)
        complete[at] |= snapshot.capture_id not in partial
    looks = [_Look(at, newest[at], not complete[at]) for at in sorted(newest)]
    return by_entry, {look.at: before for before, look in zip([None, *looks], looks, strict=False)}


def _later(snapshot: StatementSnapshot) -> tuple[bool, float, _Counters, str]:
    since = snapshot.stats_since
    return (
        since is not None,
        0.0 if since is None else since.timestamp(),
        _counters(snapshot),
        snapshot.text,
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _counters(snapshot: StatementSnapshot) -> _Counters:
    return _Counters(
        snapshot.calls,
        snapshot.total_us,
        snapshot.rows,
        snapshot.shared_blocks,
        snapshot.temp_blocks,
    )


def _deltas(seen: _Seen, previous: _Before) -> Iterator[tuple[_Window, _Counters]]:
    """Yield the windows of one entry, and what was counted in each."""
    base: StatementSnapshot | None = None  # the last time that it was seen
    counted = _NOTHING  # the highest counters since it last began at zero
    for at, now in sorted(seen.items()):
        before = previous[at]
        current = _counters(now)
        if base is None or before is None:
            if before is not None and _is_new(now, before):
                yield (before.at, at), current
            counted = current
        elif base.captured_at == before.at or _lived_on(base, now, before):
            began_anew = _was_reset(base, now, counted, current)
            floor = _NOTHING if began_anew else counted
            # Falling counters of an entry that was never reset: the clocks disagree about the
            # order. What the later reading has more than the highest one is all that is certain.
            counted = current if began_anew else _highest(counted, current)
            yield (base.captured_at, at), counted.minus(floor)
        else:  # the look before this one did not find it: evicted, and back
            yield (before.at, at), current
            counted = current
        base = now


def _is_new(now: StatementSnapshot, before: _Look) -> bool:
    """Whether an entry seen for the first time began after the look before.

    Only the server's own clock is compared with itself: captures may have a simulated one.
    """
    if before.is_partial:
        return False
    if now.stats_since is None or before.newest_entry is None:
        return True
    return now.stats_since > before.newest_entry


def _lived_on(base: StatementSnapshot, now: StatementSnapshot, before: _Look) -> bool:
    """Whether an entry that the look before did not see was there all the same."""
    if base.stats_since is not None and now.stats_since is not None:
        return base.stats_since == now.stats_since
    return before.is_partial


def _was_reset(
    base: StatementSnapshot, now: StatementSnapshot, counted: _Counters, current: _Counters
) -> bool:
    if base.stats_since is not None and now.stats_since is not None:
        return base.stats_since != now.stats_since
    # Calls may have overtaken the old count since the reset; time or blocks then tell.
    return not current.reaches(counted)


def _highest(one: _Counters, other: _Counters) -> _Counters:
    if other.reaches(one):  # nearly always
        return other
    return _Counters(*(max(a, b) for a, b in zip(one, other, strict=True)))
