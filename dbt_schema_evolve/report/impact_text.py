"""Who notices a change, as text of a screen's size."""

import textwrap

from dbt_schema_evolve.records.answers import (
    AffectedConsumer,
    AffectedQuery,
    Effect,
    Impact,
    places,
)
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, day, section


def impact_text(impact: Impact, limit: int) -> str:
    """Return consumers first, then what they read through."""
    columns = [f"{each.place}  {each.kind}{_far(each.distance)}" for each in impact.columns]
    rows = [
        f"{each.place}  {', '.join(each.kinds)} by {places(each.columns)}"
        if each.kinds
        else f"{each.place}  through what it reads"
        for each in impact.rows
    ]
    parts = [
        section(figures.count(len(impact.consumers), "consumer"), limit,
                 [_consumer(each) for each in impact.consumers]),
        section(figures.count(len(impact.queries), "query"), limit,
                 [_query(each) for each in impact.queries]),
        section(f"{figures.count(len(columns), 'column')} with other values", limit, columns),
        section(f"{figures.count(len(rows), 'node')} with other rows", limit, rows),
        section(f"{figures.count(len(impact.tests), 'dbt test')} seen to read it", limit,
                 impact.tests),
    ]  # fmt: skip
    found = [part for part in parts if part]
    if not found:
        return f"Nothing that is known notices a change of {impact.place}."
    watched = (
        f"calls of {impact.watch.days:.1f} days, up to {day(impact.watch.last)}"
        if impact.watch.last
        else "no capture yet: nobody's queries are known"
    )
    return "\n\n".join([f"A change of {impact.place} reaches ({watched}):", *found])


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
    return f"{often}: {textwrap.shorten(each.label, room, placeholder=' …')}{rows}"


def _often(each: AffectedConsumer | AffectedQuery) -> str:
    per_day = f", {each.calls_per_day:,.1f} a day" if each.calls_per_day is not None else ""
    waits = f", {figures.duration(each.total_us)}" if each.total_us else ""
    last = f", last {day(each.last_seen)}" if each.last_seen else ""
    return f"{figures.count(each.calls, 'call')}{per_day}{waits}{last}"


def _far(distance: int) -> str:
    return f", {figures.count(distance, 'step')}"
