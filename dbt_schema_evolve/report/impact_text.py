"""Who notices a change, as text of a screen's size."""

from collections.abc import Iterable, Iterator

from dbt_schema_evolve.records.answers import (
    UNKNOWN,
    AffectedConsumer,
    AffectedQuery,
    AffectedRows,
    Effect,
    Impact,
    Watch,
    places,
)
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, cut, day, section

_NAME = 50  # characters: longer names push the rest off the screen


def impact_text(impact: Impact, limit: int) -> str:
    """Return consumers first, then what they read through."""
    parts = [
        _titled(len(impact.consumers), "consumer", "", map(_consumer, impact.consumers), limit),
        _titled(len(impact.queries), "query", "", map(_query, impact.queries), limit),
        _titled(len(impact.columns), "column", " with other values", _columns(impact), limit),
        _titled(len(impact.rows), "node", " with other rows", map(_rows, impact.rows), limit),
        _titled(len(impact.tests), "dbt test", " seen to read it", impact.tests, limit),
    ]
    found = [part for part in parts if part]
    if not found:
        found = [f"Nothing that is known notices a change of {impact.place}."]
    else:
        found = [f"A change of {impact.place} reaches", *found]
    return "\n\n".join([*found, "\n".join(_watched(impact.watch))])


def _titled(number: int, noun: str, says: str, lines: Iterable[str], limit: int) -> str:
    return section(f"{figures.count(number, noun)}{says}", limit, list(lines))


def _columns(impact: Impact) -> list[str]:
    names = [str(each.place) for each in impact.columns]
    wide = min(max(map(len, names), default=0), _NAME)
    return [
        f"{name:{wide}}  {each.kind}, {figures.count(each.distance, 'step')}"
        for name, each in zip(names, impact.columns, strict=True)
    ]


def _rows(each: AffectedRows) -> str:
    if not each.kinds:
        return f"{each.place}: through what it reads"
    if UNKNOWN in each.kinds:
        return f"{each.place}: cannot be looked into, and may use it"
    return f"{each.place}: {', '.join(each.kinds)} by {places(each.columns)}"


def _watched(watch: Watch) -> Iterator[str]:
    """Yield how long queries were watched, and what was not seen of them."""
    if watch.last is None:
        yield "No capture was ingested yet: whose queries read it is not known."
        return
    yield f"Queries were watched for {watch.days:.1f} days, up to {day(watch.last)}."
    if watch.unread:
        yield f"{figures.count(len(watch.unread), 'statement')} could not be read and may use it."
    if watch.partial_captures:
        captures = figures.count(watch.partial_captures, "capture")
        yield f"{captures} could not see the statements of every role."


def _consumer(each: AffectedConsumer) -> str:
    owner = f", {each.owner}" if each.owner else ""
    who = f"{each.name} ({each.kind}{owner})"
    if each.is_declared:
        return f"{who}: declared for the whole node"
    rows = "" if each.effect is Effect.VALUES else "; other rows only"
    return f"{who}: {_often(each)}{rows}"


def _query(each: AffectedQuery) -> str:
    often = _often(each)
    rows = "" if each.effect is Effect.VALUES else " (other rows only)"
    room = max(WIDTH - len(often) - len(rows) - 4, 20)
    return f"{often}: {cut(each.label, room)}{rows}"


def _often(each: AffectedConsumer | AffectedQuery) -> str:
    if not each.calls:
        return "not seen to run while watched"
    per_day = f" ({each.calls_per_day:,.1f} a day)" if each.calls_per_day is not None else ""
    waits = f", {figures.duration(each.total_us)} in all" if each.total_us else ""
    last = f", last {day(each.last_seen)}" if each.last_seen else ""
    return f"{figures.count(each.calls, 'call')}{per_day}{waits}{last}"
