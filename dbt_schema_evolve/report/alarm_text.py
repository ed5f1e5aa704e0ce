"""Alarms about columns, as text of a screen's size."""

import textwrap
from collections.abc import Sequence
from math import ceil, floor

from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, more
from dbt_schema_evolve.report.spans import text_span

_SHOWN = 5  # columns that share an alarm; JSON has all
_WORDS = ((1e9, "billion"), (1e6, "million"))


def alarms_text(alarms: Sequence[Alarm], limit: int) -> list[str]:
    """Return lines: a paragraph an alarm, the soonest first."""
    rest = more(alarms, limit)
    lines = [line for alarm in alarms[:limit] for line in _paragraph(alarm)]
    return [*lines, *([f"  {rest}"] if rest else [])]


def alarms_markdown(alarms: Sequence[Alarm], limit: int) -> str:
    """Return a list with a heading."""
    items = [f"* {text_span(f'{alarm_sentence(a)}{with_others(a)}')}" for a in alarms[:limit]]
    rest = more(alarms, limit)
    return "\n".join(["Columns that will be full:", "", *items, *([f"* {rest}"] if rest else [])])


def alarm_sentence(alarm: Alarm) -> str:
    """Return what will be full, when, and by which numbers."""
    subject, verb, reached, moves = _words(alarm)
    if alarm.until is None or alarm.growth is None:
        full = figures.percent(alarm.value / alarm.limit)
        return f"{subject} is {full} full: {reached}; how fast it {moves} is not known yet"
    pace = f"{moves} {_amount(alarm.growth.per_day)} a day"
    return f"{subject} {verb} {_when(alarm)}: {reached} and {pace}"


def with_others(alarm: Alarm) -> str:
    """Return who shares an alarm, as the rest of its sentence."""
    if not alarm.affected:
        return ""
    names = ", ".join(map(_quoted, alarm.affected[:_SHOWN]))
    return f"; the same values: {names} {more(alarm.affected, _SHOWN)}".rstrip()


def _words(alarm: Alarm) -> tuple[str, str, str, str]:
    name, of = _quoted(alarm.column), f"{alarm.value:,} of {alarm.limit:,}"
    seen = "" if alarm.is_exact else " in the last sample"
    if alarm.kind is AlarmKind.SEQUENCE:
        return f"the sequence of {alarm.type} key {name}", "ends", f"it stands at {of}", "advances"
    if alarm.kind is AlarmKind.LENGTH:
        reached = f"the longest text{seen} has {of} characters"
        return f"{alarm.type} {name}", "is full", reached, "grows"
    if alarm.column == alarm.values_of:
        return f"{alarm.type} key {name}", "overflows", f"the highest value{seen} is {of}", "grows"
    reached = f"the highest value of {_quoted(alarm.values_of)}, which it takes,{seen} is {of}"
    return f"{alarm.type} column {name}", "overflows", reached, "grows"


def _paragraph(alarm: Alarm) -> list[str]:
    text = f"{alarm_sentence(alarm)}{with_others(alarm)}"
    lines = textwrap.wrap(text, WIDTH - 4, break_on_hyphens=False)
    return [f"  {lines[0]}", *(f"    {line}" for line in lines[1:])]


def _when(alarm: Alarm) -> str:
    until = alarm.until
    if until is None:
        return "some day"
    if until.days < 1:
        return "within a day"
    low, high = f"{floor(until.earliest_days):,}", until.latest_days
    between = f"{low} or more" if high is None else f"{low}..{ceil(high):,}"
    # Down: a warning should not come a day late.
    return f"in {figures.count(floor(until.days), 'day')} ({between})"


def _quoted(column: ColumnName) -> str:
    return f"`{column}`"


def _amount(number: float) -> str:
    for unit, word in _WORDS:
        if number >= unit:
            return f"{number / unit:.2g} {word}"
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"
