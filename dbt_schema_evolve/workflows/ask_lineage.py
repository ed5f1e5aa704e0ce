"""Questions that people ask of the lineage, in the words of dbt's selectors."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.ingest.builds import model_runs
from dbt_schema_evolve.ingest.deltas import partial_captures
from dbt_schema_evolve.lineage.questions.consumer import consumer_view, consumers_named, only
from dbt_schema_evolve.lineage.questions.critical_path import critical_path
from dbt_schema_evolve.lineage.questions.impact import impact
from dbt_schema_evolve.lineage.questions.naming import candidates, did_you_mean, named
from dbt_schema_evolve.lineage.questions.paths import paths
from dbt_schema_evolve.lineage.questions.reach import downstream, upstream
from dbt_schema_evolve.lineage.questions.selectors import Selection
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, Vertex
from dbt_schema_evolve.lineage.questions.unused import unused
from dbt_schema_evolve.lineage.questions.view import view
from dbt_schema_evolve.ports import History, LineageStates
from dbt_schema_evolve.records.answers import (
    ConsumerView,
    CriticalPath,
    Impact,
    NodeView,
    Past,
    Paths,
    Place,
    Reach,
    Unused,
    Watch,
)
from dbt_schema_evolve.records.captures import Capture
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.project import Node, NodeRun, Project
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.lineage import Lineage

_RECENT = timedelta(days=30)  # the window in which builds are timed: as long as `unused` looks back
_OF_SNAPSHOTS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted")


@dataclass(frozen=True, slots=True)
class Questions:
    """A project and its graph, indexed once for any number of questions.

    A NAME is dbt's name of a node, a unique id or schema.relation, or one of these and a column.
    A SELECTOR is that, or what dbt takes for `--select`. Raises ProjectError for other words.
    """

    project: Project
    traversal: Traversal
    watch: Watch
    runs: Mapping[str, ModelRuns]
    note: str = ""  # what keeps every answer from being whole

    def show(self, name: str) -> NodeView | ConsumerView:
        """Return what a node or column is made from and who reads it, or what a consumer asks.

        A consumer goes by its name or id; a node of the same name comes first.
        """
        if not candidates(self.traversal, name):
            consumers = consumers_named(self.traversal, name)
            if consumers:
                return consumer_view(self.traversal, only(consumers, name))
        return view(self.traversal, named(self.traversal, name))

    def upstream(
        self,
        selector: str,
        depth: int | None = None,
        columns: bool = False,
        kinds: Collection[str] = (),
    ) -> Reach:
        """Return what the selected nodes or columns are made from."""
        return upstream(self.traversal, self._starts(selector, columns or kinds), depth, kinds)

    def downstream(
        self,
        selector: str,
        depth: int | None = None,
        columns: bool = False,
        kinds: Collection[str] = (),
    ) -> Reach:
        """Return what is made from the selected nodes or columns."""
        return downstream(self.traversal, self._starts(selector, columns or kinds), depth, kinds)

    def impact(self, name: str) -> Impact:
        """Return who notices that a node or column changes."""
        return impact(self.traversal, named(self.traversal, name), self.watch)

    def unused(self, days: float = 30.0, selector: str = "") -> Unused:
        """Return what nobody has read for some days."""
        kept = {vertex for node in self.project.nodes for vertex in _kept(node)}
        return unused(self.traversal, self.watch, days, self.runs, kept, self._among(selector))

    def path(self, start: str, end: str) -> Paths:
        """Return the shortest ways from one node or column to another."""
        return paths(self.traversal, named(self.traversal, start), named(self.traversal, end))

    def critical_path(self, selector: str = "") -> CriticalPath:
        """Return the chain of builds that takes longest."""
        return critical_path(self.traversal, self.runs, self._among(selector))

    def _starts(self, selector: str, columns: object) -> list[Vertex]:
        """Return what a selector means as vertices; a name with dots or spaces is one name."""
        found = candidates(self.traversal, selector)
        if len(found) == 1 or any(column != ROWS for _, column in found):
            vertex = named(self.traversal, selector)
            starts = [vertex]
        else:
            starts = [(node, ROWS) for node in sorted(self._selected(selector))]
        if not columns:
            return starts
        return [
            (node, each)
            for node, column in starts
            for each in ([column] if column != ROWS else sorted(self.traversal.columns_of(node)))
        ]

    def _among(self, selector: str) -> frozenset[str] | None:
        if not selector:
            return None
        return frozenset(node for node, _ in self._starts(selector, columns=False))

    def _selected(self, selector: str) -> frozenset[str]:
        """Return the nodes that dbt would select; an exposure stands for the nodes it names."""
        found = Selection(self.project).select(selector)
        named_by = {each.unique_id: each.depends_on for each in self.project.exposures}
        meant = found.union(*(named_by.get(key, ()) for key in found))
        nodes = meant.intersection(self.traversal.nodes)
        if not nodes:
            known = (node.name for node in self.traversal.graph.nodes)
            raise ProjectError(
                f"nothing is selected by {selector!r}", remedy=did_you_mean(selector, known)
            )
        return nodes


def ask(lineage: Lineage, history: History) -> Questions:
    """Return the questions that a lineage can be asked, with what the history adds to it."""
    fingerprints = {statement.fingerprint for statement in lineage.statements}
    unread = tuple(skip for skip in lineage.skips if skip.subject in fingerprints)
    return Questions(
        lineage.project,
        Traversal(lineage.graph),
        watched(history.captures(), unread),
        recent_runs(history.node_runs()),
    )


def past_of(place: Place, states: LineageStates) -> Past:
    """Return since when a node or column is there, and the types that it had."""
    seen = states.seen() if states.states() else None
    if seen is None:
        return Past(None, ())
    if not place.column:
        return Past(seen.nodes.get(place.node), ())
    key = (place.node, place.column)
    return Past(seen.columns.get(key), states.type_history(*key))


def watched(captures: Iterable[Capture], unread: tuple[Skip, ...] = ()) -> Watch:
    """Return how long queries were watched; captures without statements do not count."""
    looked = [
        capture
        for capture in captures
        if all(skip.subject != "statements" for skip in capture.not_looked_at)
    ]
    moments = [capture.captured_at for capture in looked]
    return Watch(
        min(moments, default=None),
        max(moments, default=None),
        len(partial_captures(looked)),
        unread,
    )


def recent_runs(runs: Collection[NodeRun]) -> Mapping[str, ModelRuns]:
    """Return builds and median times in the last days that anything was built."""
    newest = max((run.captured_at for run in runs if run.captured_at), default=None)
    return model_runs(runs, since=newest - _RECENT if newest else None)


def _kept(node: Node) -> set[Vertex]:
    """Return the columns that dbt itself needs: keys, and what a snapshot compares."""
    names: set[str] = set()
    for setting in ("unique_key", "updated_at", "check_cols"):
        value = node.config.get(setting)
        names |= {str(each) for each in (value if isinstance(value, list) else [value]) if each}
    if node.resource_type == "snapshot":
        renamed = node.config.get("snapshot_meta_column_names")
        names.update(_OF_SNAPSHOTS)
        if isinstance(renamed, Mapping):
            names.update(map(str, renamed.values()))
    return {(node.unique_id, name) for name in names}
