"""Whether a build decides how long all builds take together."""

from collections.abc import Mapping
from dataclasses import dataclass

from dbt_schema_evolve.features.stored_graph import StoredGraph


@dataclass(frozen=True, slots=True)
class Place:
    """A build's place in the longest chain of builds."""

    us: float  # a typical build's time
    slack_us: float  # how much longer it may take before all builds together do
    length_us: float  # of the longest chain

    def features(self) -> Mapping[str, float]:
        """Return named numbers; a build without slack is on the critical path."""
        length = max(self.length_us, 1.0)
        slack = self.slack_us / length
        return {
            "critical_path": float(slack < 1e-9),
            "critical_slack_ratio": slack,
            "critical_share": self.us / length,
        }


def places(graph: StoredGraph, typical_us: Mapping[str, float]) -> Mapping[str, Place]:
    """Return the place of each build whose typical time is known.

    A model waits for those that it is made from, views looked through, because making a view takes
    no time to speak of.
    """
    order = sorted(graph.ranks, key=lambda node: (graph.ranks[node], node))
    starts: dict[str, float] = {}
    after = dict.fromkeys(order, 0.0)
    for node in order:
        above = (edge.source for edge in graph.into(node))
        starts[node] = max((starts[one] + typical_us.get(one, 0.0) for one in above), default=0.0)
    for node in reversed(order):
        for edge in graph.into(node):
            after[edge.source] = max(after[edge.source], typical_us.get(node, 0.0) + after[node])
    length = max((starts[node] + typical_us.get(node, 0.0) for node in order), default=0.0)
    return {
        node: Place(us, max(length - starts[node] - us - after[node], 0.0), length)
        for node, us in typical_us.items()
        if node in starts
    }
