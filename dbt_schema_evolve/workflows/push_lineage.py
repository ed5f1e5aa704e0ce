"""The lineage graph into a graph database."""

from dbt_schema_evolve.lineage.property_graph import property_graph
from dbt_schema_evolve.ports import GraphStore, PushResult
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.lineage_states import GraphSeen


def push_lineage(
    graph: LineageGraph, project: str, store: GraphStore, seen: GraphSeen | None = None
) -> PushResult:
    """Make what a database holds of a project this graph; other projects in it stay."""
    return store.replace(property_graph(graph, project, seen))
