"""What is otherwise in a query's plan, in as few words as say it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

Under = tuple[RelationName, ...]
"""The relations that a node works on, however far below it, sorted."""

_IN_PARALLEL = {"Gather", "Gather Merge"}
# They stand wherever the node above asks for them, so that one tells of both.
_IMPLIED = _IN_PARALLEL | {"Hash", "Bitmap Index Scan", "Limit", "Result", "Subquery Scan"}
_OF_PARALLEL_PLANS = {"Parallel", "Partial", "Finalize"}
_MANY = 3  # relations that a phrase names


def plan_flips(
    before_words: Sequence[str],
    before: Sequence[PlanNode],
    after_words: Sequence[str],
    after: Sequence[PlanNode],
) -> tuple[str, ...]:
    """Say what became of what: `Index Scan on marts.orders (day) -> Seq Scan`.

    Empty where the words are equal. They are what each node does, as an estimate has them beside
    its nodes.
    """
    if tuple(before_words) == tuple(after_words):
        return ()
    steps, later_steps = _steps(before_words, before), _steps(after_words, after)
    found = [*_parallel(before, after)]
    if steps.keys() != later_steps.keys():
        found.append("joins in another order")
    for under in sorted(steps.keys() & later_steps.keys(), key=lambda under: (len(under), under)):
        now, then = Counter(steps[under]), Counter(later_steps[under])
        gone, new = _listed(now - then), _listed(then - now)
        if gone and new:
            found.append(f"{gone} {_place(under)} -> {new}")
        elif gone or new:
            found.append(f"{gone or new} {_place(under)} {'no more' if gone else 'besides'}")
    return tuple(found or ["the same steps in another order"])


def _parallel(before: Sequence[PlanNode], after: Sequence[PlanNode]) -> Iterator[str]:
    was, is_now = (any(n.kind in _IN_PARALLEL for n in nodes) for nodes in (before, after))
    if was != is_now:
        yield "one process -> several" if is_now else "several processes -> one"


def _steps(words: Sequence[str], nodes: Sequence[PlanNode]) -> Mapping[Under, list[str]]:
    """Return what is done, by the relations that it is done to."""
    steps: defaultdict[Under, list[str]] = defaultdict(list)
    for index, (word, node) in enumerate(zip(words, nodes, strict=True)):
        if node.kind not in _IMPLIED:
            steps[_under(nodes, index)].append(_action(word, node))
    return steps


def _under(nodes: Sequence[PlanNode], index: int) -> Under:
    relations = []
    for position in range(index, len(nodes)):
        node = nodes[position]
        if position > index and node.depth <= nodes[index].depth:
            break
        if node.relation is not None and node.kind != "Bitmap Index Scan":
            relations.append(node.relation)
    return tuple(sorted(relations))


def _action(word: str, node: PlanNode) -> str:
    """Return what a node does, without the name of its relation."""
    if node.relation is not None:
        word = word.replace(f" {node.relation}", "", 1)
    kept = [each for each in word.split(" ") if each not in _OF_PARALLEL_PLANS]
    return " ".join(kept)


def _listed(actions: Iterable[str]) -> str:
    return " + ".join(sorted(set(actions)))


def _place(under: Under) -> str:
    names = list(dict.fromkeys(map(str, under)))
    if not names:
        return "at the top"
    more = len(names) - _MANY
    return "on " + ", ".join(names[:_MANY]) + (f" and {more} more" if more > 0 else "")
