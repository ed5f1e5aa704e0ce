"""What the planner expects of a model's query, asked without running it and told in a few words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_TOP_NODES = 5

# One string, so one round trip. The DO block parses a single statement or refuses, catches every
# error, and always rolls its work back: neither a lock nor a setting outlives it. The query travels
# in a setting so that the block's text, an entry in pg_stat_statements, is the same for all models.
_EXPLAIN = """\
select /* schema_evolve */
  set_config('schema_evolve.statement_timeout', current_setting('statement_timeout'), true),
  set_config('statement_timeout', '2s', true),
  set_config('schema_evolve.plan', '', true),
  set_config('schema_evolve.query', {query}, true);
do $schema_evolve$ /* schema_evolve */
declare
  found text;
begin
  begin
    perform /* schema_evolve */ set_config('lock_timeout', '200ms', true);
    for found in
      execute 'explain /* schema_evolve */ (format json, verbose) '
        || current_setting('schema_evolve.query')
    loop
      null;
    end loop;
    raise exception 'rolled back';
  exception when query_canceled or others then
    null;
  end;
  perform /* schema_evolve */ set_config('schema_evolve.plan', coalesce(found, ''), true);
end
$schema_evolve$;
select /* schema_evolve */
  set_config('statement_timeout', current_setting('schema_evolve.statement_timeout'), true),
  current_setting('schema_evolve.plan') as plan"""


def explain_sql(query: str) -> str:
    """Return statements whose last row holds the plan as JSON, or an empty text."""
    literal = query.replace("\\", "\\\\").replace("'", "''")
    return _EXPLAIN.format(query=f"E'{literal}'")


def summary(explained: str) -> dict[str, Any] | None:
    """Return the plan's estimates and its costliest nodes; None where there is no plan."""
    if not explained:
        return None
    root = json.loads(explained)[0]["Plan"]
    # The sort is stable: of equally costly nodes, the one higher up in the plan comes first.
    costliest = sorted(_nodes(root), key=_own_cost, reverse=True)[:_TOP_NODES]
    return {
        "estimated_cost": root["Total Cost"],
        "estimated_rows": root["Plan Rows"],
        "nodes": [_described(node) for node in costliest],
    }


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _own_cost(node: Mapping[str, Any]) -> float:
    # Below a LIMIT a child costs more than its parent will ever use.
    below: float = sum(child["Total Cost"] for child in node.get("Plans", ()))
    own: float = max(node["Total Cost"] - below, 0.0)
    return round(own, 2)


def _described(node: Mapping[str, Any]) -> dict[str, Any]:
    described = {"type": node["Node Type"], "estimated_cost": _own_cost(node)}
    if "Relation Name" in node:
        described["schema"] = node.get("Schema")
        described["relation"] = node["Relation Name"]
    if "Index Name" in node:
        described["index"] = node["Index Name"]
    return described
