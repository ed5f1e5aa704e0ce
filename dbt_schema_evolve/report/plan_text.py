"""Plans before and after a change, side by side; the planner's figures, and no constants."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from dbt_schema_evolve.records.changes import QueryBenefit, Recommendation
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.report.names import spelled_out

MAX_QUERIES = 3  # a screenful each; JSON has the others
_COLUMN = 62


def plans_text(item: Recommendation, labels: Mapping[str, str]) -> str:
    """Return the plans of the queries that gain most by a recommendation."""
    if not item.benefits:
        return "No query's plan changes."
    shown = item.benefits[:MAX_QUERIES]
    lines = [line for benefit in shown for line in _query(benefit, labels)]
    if len(item.benefits) > len(shown):
        lines.append(f"and {len(item.benefits) - len(shown)} more; --format json has them")
    return "\n".join(lines)


def _query(benefit: QueryBenefit, labels: Mapping[str, str]) -> Iterator[str]:
    before, after = benefit.estimated_cost_before, benefit.estimated_cost_after
    yield f"{spelled_out(benefit.fingerprint, labels)}, {benefit.calls:,} calls"
    yield _row(f"before: cost {before:,.0f}", f"after: cost {after:,.0f}")
    for left, right in zip_longest(benefit.plan_before, benefit.plan_after):
        yield _row(_node(left), _node(right))
    yield ""


def _row(left: str, right: str) -> str:
    return f"  {_cut(left):{_COLUMN}}  {_cut(right)}".rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _COLUMN else text[: _COLUMN - 1] + "…"


def _node(node: PlanNode | None) -> str:
    if node is None:
        return ""
    words = [f"{'  ' * node.depth}{node.kind}"]
    if node.index is not None:
        words.append(f"by {str(node.index).removeprefix(f'{node.index.relation.schema}.')}")
    elif node.relation is not None:
        words.append(f"on {node.relation.name}")
    rows = f"{node.estimated_rows:,.0f} rows"
    loops = f" x {node.estimated_loops:,.0f}" if node.estimated_loops > 1 else ""
    return f"{' '.join(words)}  {rows}{loops}, cost {node.cost:,.0f}"
