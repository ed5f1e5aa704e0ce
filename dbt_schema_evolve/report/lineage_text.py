"""What lineage says of nodes, columns and the ways between them, as text of a screen's size."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from dbt_schema_evolve.records.answers import (
    Effect,
    Hop,
    NodeView,
    Past,
    Paths,
    Place,
    Reach,
    Reader,
)
from dbt_schema_evolve.records.lineage import Detail
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.tree import tree

WIDTH = 100
_FIELD = WIDTH - 11  # behind a label
_DETAILS = {
    Detail.STALE: "not compiled this time: its columns' edges are those of an earlier state",
    Detail.RELATIONS: "its columns' edges are not known, only which nodes it reads",
}


def view_text(view: NodeView, limit: int) -> str:
    """Return a node or column with its columns, what decides its rows, and who reads it."""
    place = view.place
    lines = [f"{place}  ({place.kind}{f', {view.relation}' if view.relation else ''})"]
    lines += field("from", _listed(view.upstream, limit) or "nothing that is known")
    lines += field("into", _listed(view.downstream, limit) or "nothing that is known")
    wide = max((len(column.name) for column in view.columns), default=0)
    shown = view.columns[:limit]
    types = max((len(column.type) for column in shown), default=0)
    for number, column in enumerate(shown):
        mark = "*" if column.is_read else " "
        made = "; ".join(map(_made, column.made_from))
        start = f"{column.name:{min(wide, 40)}} {mark} {column.type:{types}}"
        lines += field("columns" if number == 0 else "", cut(f"{start}  {made}".rstrip(), _FIELD))
    lines += field("", more(view.columns, limit))
    if any(column.is_read for column in shown):
        lines += field("", "(* read by queries)")
    by_kind: dict[str, list[Place]] = {}
    for hop in view.decided_by:
        by_kind.setdefault(hop.kind, []).append(hop.source)
    for number, (kind, sources) in enumerate(sorted(by_kind.items())):
        lines += field("rows by" if number == 0 else "", f"{kind:6} {_listed(sources, limit)}")
    for number, reader in enumerate(view.readers[:limit]):
        lines += field("read by" if number == 0 else "", _reader(reader))
    lines += field("", more(view.readers, limit))
    if view.readers_beyond:
        who = figures.count(view.readers_beyond, "consumer")
        lines += field("", f"and through what is made from it: {who}; see `lineage impact`")
    lines += _past(view.past)
    lines += _notes(view)
    return "\n".join(lines)


def reach_text(reach: Reach, limit: int) -> str:
    """Return a tree with the starts at its roots."""
    branches: dict[Place, list[tuple[Place, Hop]]] = {}
    for hop in reach.edges:
        near, far = hop.target, hop.source
        if reach.direction == "downstream":
            near, far = far, near
        branches.setdefault(near, []).append((far, hop))
    ordered = {near: sorted(found) for near, found in branches.items()}
    lines = list(islice(tree(reach.starts, ordered, _branch), limit + 1))
    if len(lines) > limit:
        total = sum(1 for _ in tree(reach.starts, ordered, _branch))
        lines = [*lines[:limit], f"…and {total - limit} more lines; --depth or --limit"]
    if reach.consumers:
        names = [f"{each.name} ({each.kind})" for each in reach.consumers]
        lines += textwrap.wrap(f"read by: {_some(names, limit)}", WIDTH)
    return "\n".join(lines)


def paths_text(paths: Paths) -> str:
    """Return each way with what happens at every step."""
    if paths.effect is None:
        said = [f"Nothing that is known leads from {paths.start} to {paths.end}"]
        if paths.other_way:
            said.append(f"{paths.end} leads to {paths.start}")
        if paths.nodes_only:
            said.append(f"rows of {paths.start.name} do arrive in {paths.end.name}")
        return f"{'; '.join(said)}."
    steps = figures.count(len(paths.paths[0]), "step")
    is_of_columns = bool(paths.start.column or paths.end.column)
    says = "Values arrive" if paths.effect is Effect.VALUES else "Rows arrive"
    if paths.effect is Effect.ROWS and is_of_columns:
        says = "No values arrive, but a say about its rows"
    ways = figures.count(paths.count, "shortest way")
    lines = [f"{paths.start} -> {paths.end}", f"{says}, by {ways} of {steps}."]
    for way in paths.paths:
        lines += ["", f"  {way[0].source}"]
        lines += [f"    -> {_step(hop)}" for hop in way]
    if paths.count > len(paths.paths):
        lines += ["", f"…and {paths.count - len(paths.paths):,} more ways"]
    return "\n".join(lines)


def field(label: str, text: str) -> Iterator[str]:
    """Yield a labelled text, wrapped; nothing for an empty one."""
    for line in textwrap.wrap(text, _FIELD):
        yield f"  {label:9}{line}"
        label = ""


def more(found: Sequence[object], limit: int) -> str:
    """Return how many were left out, if any."""
    return f"…and {len(found) - limit:,} more" if len(found) > limit else ""


def section(title: str, limit: int, lines: Sequence[str]) -> str:
    """Return a heading and its lines, or nothing where there are none."""
    if not lines:
        return ""
    rest = more(lines, limit)
    shown = [*lines[:limit], *([rest] if rest else [])]
    return "\n".join([title, *(f"  {cut(line, WIDTH - 2)}" for line in shown)])


def cut(text: str, width: int) -> str:
    """Return text that fits, whatever words it is made of."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def day(moment: datetime | None) -> str:
    """Return a date; nothing for none."""
    return f"{moment:%Y-%m-%d}" if moment else ""


def _listed(found: Sequence[Place], limit: int) -> str:
    return _some([str(place) for place in found], limit)


def _some(names: Sequence[str], limit: int) -> str:
    rest = more(names, limit)
    return ", ".join([*names[:limit], *([rest] if rest else [])])


def _made(hop: Hop) -> str:
    if not hop.expression:
        return f"{hop.kind} {hop.source}"
    return f"{hop.kind} {hop.source}: {_shortened(hop.expression)}"


def _branch(place: Place, hop: Hop | None) -> str:
    name = str(place)
    if hop is None or hop.kind == "rows":
        return f"{name} ({place.kind})"
    if not place.column:
        name = f"rows of {name}"
    return f"{name}  {hop.kind}{f' {_shortened(hop.expression)}' if hop.expression else ''}"


def _step(hop: Hop) -> str:
    end = str(hop.target) if hop.target.column or hop.kind == "rows" else f"rows of {hop.target}"
    if hop.kind == "rows":
        return end
    return f"{end}  {hop.kind}{f' {_shortened(hop.expression)}' if hop.expression else ''}"


def _shortened(expression: str) -> str:
    return cut(expression, 60)


def _reader(reader: Reader) -> str:
    owner = f", {reader.owner}" if reader.owner else ""
    who = f"{reader.name} ({reader.kind}{owner})"
    if reader.is_declared:
        return f"{who}: declared"
    last = f", last {day(reader.last_seen)}" if reader.last_seen else ""
    return f"{who}: {figures.count(reader.calls, 'call')}{last}"


def _past(past: Past | None) -> Iterable[str]:
    """Say since when it is there, and which types it had."""
    if past is None or past.seen is None:
        return
    yield from field("seen", f"since {day(past.seen.first)}, last {day(past.seen.last)}")
    if len(past.types) > 1:
        had = (f"{each.type} until {day(each.seen.last)}" for each in past.types[:-1])
        yield from field("type was", ", ".join(had))


def _notes(view: NodeView) -> Iterable[str]:
    if view.detail in _DETAILS:
        yield from field("note", _DETAILS[view.detail])
    if view.has_inferred_columns:
        yield from field("note", "nobody told of its columns: these are the ones that are read")
    for skip in view.skips:
        yield from field("note", skip.reason)
    for each in view.conflicts:
        about = f"{each.target_column}: " if each.target_column else ""
        says = f"SQL says {each.sql_says}, {each.producer} says {each.event_says}"
        yield from field("conflict", f"{about}{says}")
