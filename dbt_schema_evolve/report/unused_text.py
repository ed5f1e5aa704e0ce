"""What nobody would miss, and every reason to doubt it, as text of a screen's size."""

import textwrap
from collections.abc import Iterator
from datetime import datetime

from dbt_schema_evolve.records.answers import Unused, UnusedColumn, UnusedNode, places
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, day, section


def unused_text(unused: Unused, limit: int) -> str:
    """Return nodes, columns, and why to doubt it."""
    since = f" since {day(unused.since)}" if unused.since else ""
    nodes, columns = unused.nodes, unused.columns
    parts = [
        section(f"{figures.count(len(nodes), 'node')} that nobody has read{since}", limit,
                 [_unused_node(each) for each in nodes]),
        section(f"{figures.count(len(columns), 'column')} of nodes in use", limit,
                 [_unused_column(each) for each in columns]),
    ]  # fmt: skip
    found = [part for part in parts if part]
    if not found:
        found = [f"Everything has been read{since}."]
    if unused.doubts:
        doubts = [line for doubt in unused.doubts for line in _wrapped(doubt)]
        found.append("\n".join(["But", *doubts]))
    return "\n\n".join(found)


def _unused_node(each: UnusedNode) -> str:
    said = [f"{each.place}: {_last_read(each.last_read)}"]
    if each.median_us is not None:
        said.append(f"{figures.duration(each.median_us)} a build")
    if each.feeds:
        said.append(f"feeds only {places(each.feeds)}")
    if each.is_tested:
        said.append("dbt itself reads it, as tests do")
    return "; ".join(said)


def _unused_column(each: UnusedColumn) -> str:
    said = [f"{each.place}: {_last_read(each.last_read)}"]
    if each.in_whole_rows:
        said = [f"{each.place}: only in whole rows, as `select *` takes them"]
    if each.is_tested:
        said.append("dbt itself reads it, as tests do")
    return "; ".join(said)


def _last_read(moment: datetime | None) -> str:
    return f"last read {day(moment)}" if moment else "never read while watched"


def _wrapped(text: str) -> Iterator[str]:
    return (f"  {line}" for line in textwrap.wrap(text, WIDTH - 2))
