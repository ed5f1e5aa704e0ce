"""A lineage diff as text for a terminal, and as markdown for a pull request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from dbt_schema_evolve.records.lineage_changes import Aspect, LineageChange, LineageDiff
from dbt_schema_evolve.report.figures import count
from dbt_schema_evolve.report.spans import code_span, text_span

_MOST = 60_000  # characters: a comment on GitHub may have 65,536
_EDGES = frozenset({Aspect.COLUMN_EDGE, Aspect.INDIRECT_EDGE})
_NOTHING = "Nothing changed in the flow of data."
_SENTENCES = {
    Aspect.RENAMED: "renamed from {before}",
    Aspect.KIND: "kind: {said}",
    Aspect.MATERIALIZATION: "materialization: {said}",
    Aspect.CODE: "its code",
    Aspect.DETAIL: "what is known of the edges into it: {said}",
    Aspect.COLUMN: "column {column}{type}",
    Aspect.TYPE: "type of {column}: {said}",
    Aspect.RELATION_EDGE: "reads {source}",
    Aspect.COLUMN_EDGE: "{source} -> {column}: {said}",
    Aspect.EDGE_KIND: "{source} -> {column}: {said}",
    Aspect.EXPRESSION: "SQL of {source} -> {column}: {said}",
    Aspect.INDIRECT_EDGE: "rows depend on {source}: {said}",
}

Say = Callable[[str], str]  # how a name or a piece of SQL is written


def changes_text(diff: LineageDiff) -> str:
    """Return the changes by node, in the signs of a diff."""
    lines = [f"from  {diff.before}", f"to    {diff.after}", ""]
    if not diff.changes:
        return "\n".join((*lines, _NOTHING))
    for node, changes in _by_node(diff.changes):
        lines += _node(node, changes)
    return "\n".join((*lines, "", summary(diff.changes)))


def _node(node: str, changes: Sequence[LineageChange]) -> Iterator[str]:
    whole = next((c for c in changes if c.what is Aspect.NODE), None)
    if whole is not None:
        yield f"{whole.sign} {_short(node)}  ({_whole(whole, changes)})"
        return
    yield f"~ {_short(node)}"
    for change in changes:
        yield f"    {change.sign} {_words(change, str)}"


def changes_markdown(diff: LineageDiff) -> str:
    """Return the changes as a comment; nodes that do not fit are counted."""
    head = f"### Lineage\n\nFrom {text_span(diff.before)} to {text_span(diff.after)}."
    if not diff.changes:
        return f"{head}\n\n{_NOTHING}\n"
    blocks = [head, summary(diff.changes)]
    nodes = list(_by_node(diff.changes))
    room = _MOST - sum(map(len, blocks))
    for number, (node, changes) in enumerate(nodes):
        block = "\n".join(_node_markdown(node, changes))
        room -= len(block) + 2
        if room < 0:
            left = count(len(nodes) - number, "more node")
            blocks.append(f"And {left}: `schema-evolve lineage diff` lists all.")
            break
        blocks.append(block)
    return "\n\n".join(blocks) + "\n"


def _node_markdown(node: str, changes: Sequence[LineageChange]) -> Iterator[str]:
    whole = next((c for c in changes if c.what is Aspect.NODE), None)
    if whole is not None:
        yield f"**{whole.sign} {code_span(_short(node))}** {_whole(whole, changes)}"
        return
    yield f"**~ {code_span(_short(node))}**"
    yield ""
    for change in changes:
        yield f"- {change.sign} {_words(change, code_span)}"


def summary(changes: Iterable[LineageChange]) -> str:
    """Return in a line how much changed."""
    held = tuple(changes)
    whole = [c for c in held if c.what is Aspect.NODE]
    come, gone = (sum(c.sign == sign for c in whole) for sign in "+-")
    changed = len({c.node for c in held} - {c.node for c in whole})
    types = sum(c.what is Aspect.TYPE for c in held)
    parts = [
        f"{count(number, 'node')} {verb}"
        for number, verb in ((come, "appeared"), (gone, "vanished"), (changed, "changed"))
        if number
    ]
    parts += [f"{count(types, 'column')} of another type"] if types else []
    return f"{', '.join(parts)}."


def _by_node(
    changes: Iterable[LineageChange],
) -> Iterator[tuple[str, tuple[LineageChange, ...]]]:
    for node, found in groupby(changes, key=lambda change: change.node):
        yield node, tuple(found)


def _whole(change: LineageChange, changes: Sequence[LineageChange]) -> str:
    """Say what appeared or vanished: its kind, and how much came or went with it."""
    columns = sum(c.what is Aspect.COLUMN for c in changes)
    edges = sum(c.what in _EDGES for c in changes)
    return f"{change.before or change.after}, {count(columns, 'column')}, {count(edges, 'edge')}"


def _words(change: LineageChange, say: Say) -> str:
    """Say what changed of a node that is in both states."""
    source = _short(change.source)
    if change.source_column:
        source = f"{source}.{change.source_column}"
    told = [value for value in (change.before, change.after) if value is not None]
    said = " -> ".join(say(value) if value else "nothing" for value in told)
    return _SENTENCES[change.what].format(
        column=say(change.column),
        source=say(source),
        said=said,
        before=say(_short(change.before or "")),
        type=f" ({said})" if any(told) else "",
    )


def _short(node: str) -> str:
    """Return a node's name without dbt's kind and package: `raw.orders`, `fct_orders`."""
    parts = node.split(".", 2)
    return parts[-1] if parts[0] not in {"relation", "dataset"} else node.partition(".")[2]
