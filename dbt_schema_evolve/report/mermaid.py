"""Answers as mermaid flow charts, which GitHub and most wikis draw."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from dbt_schema_evolve.records.answers import (
    ConsumerView,
    CriticalPath,
    Hop,
    Impact,
    NodeView,
    Paths,
    Place,
    Reach,
    Unused,
)
from dbt_schema_evolve.records.lineage import Consumer, EdgeKind
from dbt_schema_evolve.report import figures

_SHAPES = {"source": ("[(", ")]"), "seed": ("[(", ")]"), "relation": ("[(", ")]")}
_INSIDE = frozenset({"model", "snapshot", "dataset", "unknown"})
_LABEL = 60  # characters: longer expressions make boxes that nobody reads
_SOLID = frozenset({*EdgeKind, "rows", ""})
_SPECIAL = frozenset('"#&<>`\\[]{}|;')  # what mermaid or HTML would read becomes an entity


def of_view(view: NodeView) -> str:
    """Draw a node or column with what is one step away, and who reads it."""
    here = view.place
    if here.column:
        into = [hop for column in view.columns for hop in column.made_from]
    else:
        into = [Hop(one, here, "rows") for one in view.upstream]
    out = [Hop(here, one, "rows" if not here.column else "") for one in view.downstream]
    readers = [
        Hop(here, Place(each.name, "", each.kind, f"{each.kind} {each.name}"), "")
        for each in view.readers
    ]
    return flow_chart([*into, *out, *readers], [here])


def of_consumer(view: ConsumerView) -> str:
    """Draw who asks, the queries, and the columns that they use."""
    who = _who(view.consumer)
    asked = [(Place(each.label, "", "query", each.fingerprint), each) for each in view.queries]
    hops = [Hop(place, query, "") for query, each in asked for place in each.columns]
    hops += [Hop(query, who, _frequency(each.calls)) for query, each in asked]
    if not asked:
        hops += [Hop(place, who, "declared") for place in view.reads]
    return flow_chart(hops, [who])


def of_reach(reach: Reach) -> str:
    """Draw what is upstream or downstream, and who reads it."""
    drawn = {each.place.node: each.place for each in reach.places}
    readers = [
        Hop(drawn[node], _who(consumer), "")
        for consumer in reach.consumers
        for node in sorted(consumer.reads & drawn.keys())
    ]
    return flow_chart([*reach.edges, *readers], reach.starts)


def of_impact(impact: Impact, limit: int) -> str:
    """Draw a star: what changes in the middle, and the nearest and most frequent around it."""
    here = impact.place
    hops = [Hop(here, each.place, each.kind) for each in impact.columns[:limit]]
    hops += [
        Hop(here, each.place, ", ".join(each.kinds) or "through what it reads")
        for each in impact.rows[:limit]
    ]
    hops += [
        Hop(here, Place(each.name, "", each.kind, each.id), _frequency(each.calls))
        for each in impact.consumers[:limit]
    ]
    return flow_chart(hops, [here])


def of_paths(paths: Paths) -> str:
    """Draw all ways at once."""
    return flow_chart(sorted({hop for way in paths.paths for hop in way}), [paths.start, paths.end])


def of_unused(unused: Unused) -> str:
    """Draw what nobody reads, and what it is made for."""
    hops = [Hop(each.place, fed, "rows") for each in unused.nodes for fed in each.feeds]
    alone = [*(each.place for each in unused.nodes), *(each.place for each in unused.columns)]
    return flow_chart(hops, alone)


def of_critical_path(path: CriticalPath) -> str:
    """Draw the longest chain with the time that each of its nodes takes."""
    times = {each.place: each for each in path.nodes}
    timed = [
        place._replace(name=f"{place.name}, {figures.duration(times[place].measured_us or 0)}")
        if times[place].is_built
        else place
        for place in path.path
    ]
    return flow_chart([Hop(one, other, "rows") for one, other in pairwise(timed)], timed)


def flow_chart(hops: Sequence[Hop], places: Iterable[Place]) -> str:
    """Draw edges and places; columns stand in a box that is their node."""
    mentioned = dict.fromkeys([*places, *(end for hop in hops for end in (hop.source, hop.target))])
    ids = {place: f"n{number}" for number, place in enumerate(mentioned)}
    boxed = {place.node for place in mentioned if place.column}
    lines = ["graph LR"]
    for number, node in enumerate(sorted(boxed)):
        inside = [place for place in mentioned if place.node == node]
        lines.append(f'  subgraph g{number}["{escaped(inside[0].name)}"]')
        lines += [f'    {ids[each]}["{escaped(each.column or "(rows)")}"]' for each in inside]
        lines.append("  end")
    for place in mentioned:
        if place.node not in boxed:
            opening, closing = _shape(place)
            lines.append(f'  {ids[place]}{opening}"{escaped(place.name)}"{closing}')
    for hop in hops:
        arrow = "-->" if hop.kind in _SOLID else "-.->"
        label = "" if hop.kind in {"", "rows"} else f'|"{escaped(_said(hop))}"|'
        lines.append(f"  {ids[hop.source]} {arrow}{label} {ids[hop.target]}")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return text that can only be a label; mermaid refuses an empty one."""
    plain = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text
    )
    short = plain if len(plain) <= _LABEL else f"{plain[: _LABEL - 1]}…"
    return "".join(f"#{ord(char)};" if char in _SPECIAL else char for char in short) or "?"


def _said(hop: Hop) -> str:
    return f"{hop.kind}: {hop.expression}" if hop.expression else hop.kind


def _shape(place: Place) -> tuple[str, str]:
    if place.kind in _SHAPES:
        return _SHAPES[place.kind]
    return ("[", "]") if place.kind in _INSIDE else ("([", "])")


def _who(consumer: Consumer) -> Place:
    return Place(consumer.name, "", consumer.kind, consumer.id)


def _frequency(calls: int) -> str:
    return figures.count(calls, "call") if calls else "declared"
