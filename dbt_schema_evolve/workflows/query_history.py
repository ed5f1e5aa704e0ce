"""Every query that anybody saw run: pg_stat_statements, logs, dbt and traces put together."""

from dataclasses import dataclass

from dbt_schema_evolve.ingest.deltas import partial_captures, query_stats, statements
from dbt_schema_evolve.ingest.execution_statements import united, with_fingerprints
from dbt_schema_evolve.ingest.execution_stats import execution_stats
from dbt_schema_evolve.ingest.fingerprint import fingerprint, is_ours
from dbt_schema_evolve.ingest.tags import tags
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.records.workload import QueryStat, Skip, Statement


@dataclass(frozen=True, slots=True)
class QueryHistory:
    """Statements by fingerprint, and what they did."""

    statements: tuple[Statement, ...]
    stats: tuple[QueryStat, ...]  # comparable ones: calls and times of one make, for forecasts
    more: tuple[QueryStat, ...]  # the rest, for who called last and how often
    skips: tuple[Skip, ...]


def read_query_history(history: History) -> QueryHistory:
    """Put together what the history holds of queries."""
    snapshots = history.statement_snapshots()
    texts = {snapshot.text for snapshot in snapshots}  # each capture holds the same ones again
    names = {text: fingerprint(text) for text in texts if not is_ours(text)}
    theirs = [snapshot for snapshot in snapshots if snapshot.text in names]
    captured = statements(theirs, names.__getitem__, tags)
    stats = query_stats(theirs, names.__getitem__, partial_captures(history.captures()))
    known = {statement.fingerprint for statement in captured}
    queryids = {s.queryid: name for s in theirs if (name := names[s.text]) in known}
    counted, skips = with_fingerprints(history.execution_counts(), captured, queryids, fingerprint)
    beyond = execution_stats(counted, stats)
    # A log may show the slow calls only: its times and the server's own are two series.
    measured = {stat.fingerprint for stat in stats}
    comparable = [stat for stat in beyond.timed if stat.fingerprint not in measured]
    rest = [stat for stat in beyond.timed if stat.fingerprint in measured]
    return QueryHistory(
        united(captured, counted),
        (*stats, *comparable),
        (*rest, *beyond.untimed),
        tuple(skips),
    )
