"""What a consumer asks, as text: its queries, how often, and the columns behind them."""

from dbt_schema_evolve.records.answers import ConsumerQuery, ConsumerView, places
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.lineage_text import WIDTH, cut, day, field, more


def consumer_text(view: ConsumerView, limit: int) -> str:
    """Return a consumer with its most frequent queries."""
    who = view.consumer
    lines = [f"{who.name}  ({who.kind}{f', {who.owner}' if who.owner else ''})"]
    if who.calls:
        last = f", last {day(who.last_seen)}" if who.last_seen else ""
        lines += field("asks", f"{_effort(who.calls, who.total_us)}{last}")
    if not view.queries:
        lines += field("declared", "an exposure: it names nodes, not columns")
    lines += field("reads", places(view.reads[:limit]))
    lines += field("", more(view.reads, limit))
    for query in view.queries[:limit]:
        lines += ["", *_query(query)]
    rest = more(view.queries, limit)
    return "\n".join([*lines, "", rest] if rest else lines)


def _query(query: ConsumerQuery) -> list[str]:
    return [
        cut(f"  {_effort(query.calls, query.total_us)}: {query.label}", WIDTH),
        *(f"  {line}" for line in field("uses", places(query.columns))),
    ]


def _effort(calls: int, total_us: int) -> str:
    return f"{figures.count(calls, 'call')}, {figures.duration(total_us)} in all"
