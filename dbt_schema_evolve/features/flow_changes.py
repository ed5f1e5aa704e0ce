"""How much the flow of data into and out of a subject changed before a cut-off."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange

WINDOW = timedelta(days=30)  # a change is news for as long as forecasts look ahead by default

_DAY = timedelta(days=1)
_REBUILT = frozenset({Aspect.EDGE_KIND, Aspect.EXPRESSION})


@dataclass(frozen=True, slots=True)
class FlowHistory:
    """What successive states of the graph changed, and who reads it."""

    states: tuple[DatedChanges, ...] = ()
    consumers: tuple[Consumer, ...] = ()

    def features(self, nodes: Collection[str], cutoff: datetime) -> Mapping[str, float]:
        """Return what is known at a cut-off of changes around some nodes."""
        return flow_features(nodes, self.states, self.consumers, cutoff, WINDOW)


def flow_features(
    nodes: Collection[str],
    states: Iterable[DatedChanges],
    consumers: Iterable[Consumer],
    cutoff: datetime,
    window: timedelta,
) -> Mapping[str, float]:
    """Return named counts of what changed in the window that ends with the cut-off.

    `nodes` are what the subject is about: a relation's own, or all that a query reads. Nothing
    after the cut-off is looked at; where no state was compared by then, nothing is known and
    nothing returned.
    """
    looked = [state for state in states if state.at <= cutoff]
    if not looked:
        return {}
    since = cutoff - window
    recent = [change for state in looked if state.at > since for change in state.changes]
    into = [change for change in recent if change.node in nodes]
    upstream = [change for change in into if change.what is Aspect.RELATION_EDGE]
    readers = {
        change.node
        for change in recent
        if change.what is Aspect.RELATION_EDGE and change.sign == "+" and change.source in nodes
    }
    readers |= {
        consumer.id
        for consumer in consumers
        if consumer.first_seen is not None
        and since < consumer.first_seen <= cutoff
        and not consumer.reads.isdisjoint(nodes)
    }
    counts = {
        "flow_new_upstream": sum(change.sign == "+" for change in upstream),
        "flow_lost_upstream": sum(change.sign == "-" for change in upstream),
        "flow_columns_rebuilt": len(_columns(into, _REBUILT)),
        "flow_types_changed": len(_columns(into, {Aspect.TYPE})),
        "flow_materializations_changed": sum(
            change.what is Aspect.MATERIALIZATION for change in into
        ),
        "flow_new_readers": len(readers - set(nodes)),
    }
    values = {name: float(count) for name, count in counts.items()}
    touched = [s.at for s in looked if any(change.node in nodes for change in s.changes)]
    if touched:
        values["flow_days_since_change"] = (cutoff - max(touched)) / _DAY
    return values


def _columns(changes: Iterable[LineageChange], aspects: Collection[Aspect]) -> set[tuple[str, str]]:
    return {(change.node, change.column) for change in changes if change.what in aspects}
