"""Two plans of one query -> numbers that tell a real gain from one on paper.

Where a planner errs is known in kind: it prices random pages of a warm cache like those of a disk,
and it multiplies the error of a row estimate by every loop above it. So the numbers say where each
plan's cost lies, how many rows it fetches one by one, and how often loops start something. Pairs of
plans, in ratios, are what "AI Meets AI" (Ding et al., SIGMOD 2019) found to carry over best.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log1p

from dbt_schema_evolve.records.plans import PlanNode

_CLASSES = {
    "Seq Scan": "sequential",
    "Index Scan": "index",
    "Index Only Scan": "index_only",
    "Bitmap Heap Scan": "bitmap",
    "Bitmap Index Scan": "bitmap",
    "BitmapAnd": "bitmap",
    "BitmapOr": "bitmap",
    "Nested Loop": "loop",
    "Memoize": "loop",
    "Materialize": "loop",
    "Hash Join": "hash",
    "Hash": "hash",
    "Merge Join": "merge",
    "Sort": "sort",
    "Incremental Sort": "sort",
    "Aggregate": "group",
    "Group": "group",
    "WindowAgg": "group",
}
_OTHER = "other"
CLASSES = (*dict.fromkeys(_CLASSES.values()), _OTHER)
_RANDOM = ("index", "bitmap")

# A page of a warm cache costs what a sequential one does: random_page_cost 1 instead of 4.
_WARM = 0.25

_PLAN_FEATURES = (
    *(f"{name}_share" for name in CLASSES),
    "log_fetched_rows",
    "log_index_only_rows",
    "log_lookups",
    "log_work",
    "nested_loops",
    "workers",
)
FEATURES = (
    "log_cost_ratio",
    "log_warm_cost_ratio",
    "log_work_ratio",
    "log_cost_before",
    "log_cost_after",
    *(f"after_{name}" for name in _PLAN_FEATURES),
    *(f"more_{name}" for name in _PLAN_FEATURES),
)


def pair_features(before: Sequence[PlanNode], after: Sequence[PlanNode]) -> tuple[float, ...]:
    """Return the numbers of FEATURES; neither plan may be empty."""
    first, second = _Digest.of(before), _Digest.of(after)
    return (
        log(second.cost / first.cost),
        log(second.warm_cost / first.warm_cost),
        log(second.work / first.work),
        log(first.cost),
        log(second.cost),
        *second.numbers,
        *(new - old for old, new in zip(first.numbers, second.numbers, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Digest:
    """One plan in a few numbers."""

    cost: float
    warm_cost: float
    work: float  # rows that nodes hand up, loops multiplied
    numbers: tuple[float, ...]  # _PLAN_FEATURES

    @classmethod
    def of(cls, nodes: Sequence[PlanNode]) -> "_Digest":
        own = own_costs(nodes)
        by_class = dict.fromkeys(CLASSES, 0.0)
        work, lookups = 1.0, 0.0
        fetched = {"index": 0.0, "index_only": 0.0, "bitmap": 0.0}
        nested_loops = 0
        for node, cost in zip(nodes, own, strict=True):
            kind = class_of(node)
            by_class[kind] += cost
            rows = node.estimated_rows * node.estimated_loops
            work += rows
            if kind in fetched:
                fetched[kind] += rows
                if node.estimated_loops > 1:
                    lookups += node.estimated_loops
            if node.kind == "Nested Loop":
                nested_loops += 1
        cost = max(nodes[0].cost, 0.01)  # a planner's price has two decimals
        total = max(sum(by_class.values()), 0.01)
        warm = total - (1 - _WARM) * sum(by_class[kind] for kind in _RANDOM)
        return cls(
            cost,
            max(warm, 0.01),
            work,
            (
                *(by_class[kind] / total for kind in CLASSES),
                log1p(fetched["index"] + fetched["bitmap"]),
                log1p(fetched["index_only"]),
                log1p(lookups),
                log(work),
                float(nested_loops),
                float(max((node.workers for node in nodes), default=0)),
            ),
        )


def class_of(node: PlanNode) -> str:
    """Return what kind of work a node is."""
    return _CLASSES.get(node.kind, _OTHER)


def own_costs(nodes: Sequence[PlanNode]) -> list[float]:
    """Return what each node adds to the cost of those below it, all its loops together.

    Never below zero: a LIMIT stops what is below it early, and so costs less than it.
    """
    own = [node.cost * node.estimated_loops for node in nodes]
    parents: list[int] = []
    for number, node in enumerate(nodes):
        del parents[node.depth :]
        if parents:
            own[parents[-1]] -= node.cost * node.estimated_loops
        parents.append(number)
    return [max(cost, 0.0) for cost in own]
