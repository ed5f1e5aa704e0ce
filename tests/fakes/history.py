"""A history in memory, which passes the same contract as the file."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from dbt_schema_evolve.backends.history.forecasts import KEPT_DAYS
from dbt_schema_evolve.lineage.reported.reports import seen_reports
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.etl import EtlEvent, SeenReport
from dbt_schema_evolve.records.executions import Execution, ExecutionCount
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun, RunResults
from dbt_schema_evolve.records.prospects import Issued
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import StatementSnapshot
from tests.fakes.lineage_states import DictLineageStates

Fact = TypeVar("Fact")
_RUNNING = {"build", "retry", "run", "seed", "snapshot", "test"}


class DictHistory:
    """Keeps what it is given by id."""

    def __init__(self) -> None:
        self._facts: dict[str, CapturedFacts] = {}
        self._artifacts: dict[tuple[str, str, bytes], Artifact] = {}
        self._results: dict[str, RunResults] = {}
        self._events: dict[Any, EtlEvent] = {}
        self.lineage = DictLineageStates()
        self._executions: dict[str, Execution] = {}
        self._forecasts: dict[Any, Issued] = {}
        self._outlooks: dict[tuple[str, datetime, float], Outlook] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def known_captures(self) -> frozenset[str]:
        return frozenset(self._facts)

    def add_capture(self, facts: CapturedFacts) -> bool:
        return _added(self._facts, facts.capture.capture_id, facts)

    def add_artifact(self, artifact: Artifact) -> bool:
        key = (artifact.kind, artifact.invocation_id, artifact.content)
        return _added(self._artifacts, key, artifact)

    def add_run_results(self, results: RunResults) -> bool:
        return bool(results.runs) and _added(self._results, results.invocation_id, results)

    def add_events(self, events: Iterable[EtlEvent]) -> int:
        keyed = [((e.report, e.run_id, e.kind, e.happened_at), e) for e in events]
        return sum([_added(self._events, key, event) for key, event in keyed])

    def seen_reports(self) -> tuple[SeenReport, ...]:
        return seen_reports(self._events.values())

    def add_executions(self, found: Iterable[Execution]) -> int:
        return sum(_added(self._executions, execution.id, execution) for execution in found)

    def execution_counts(self, since: datetime | None = None) -> tuple[ExecutionCount, ...]:
        looks = sorted(facts.capture.captured_at for facts in self._facts.values())
        alike: dict[Any, list[Execution]] = defaultdict(list)
        for e in self._executions.values():
            if since is None or e.at >= since:
                hour = e.at.replace(minute=0, second=0, microsecond=0)
                tags = json.dumps(sorted(e.tags), ensure_ascii=False, separators=(",", ":"))
                origin = (e.text, e.source.value, e.role, e.application_name, e.node_id or "", tags)
                window = (hour, bisect_right(looks, e.at), e.duration_us is None)
                alike[origin, window].append(e)
        counts = [(origin, _count(same)) for (origin, _), same in alike.items()]
        counts.sort(key=lambda c: (c[0], c[1].first_at, c[1].total_us is None))
        return tuple(count for _, count in counts)

    def add_outlooks(self, found: Iterable[Outlook]) -> int:
        keyed = [((o.subject, o.made_at, o.horizon_days), o) for o in found]
        return sum([_added(self._outlooks, key, outlook) for key, outlook in keyed])

    def outlooks(
        self, since: datetime | None = None, seen_from: datetime | None = None
    ) -> tuple[Outlook, ...]:
        held = [o for _, o in sorted(self._outlooks.items(), key=lambda item: item[0])]
        held = [o for o in held if since is None or o.made_at >= since]
        newest = {o.subject: o.made_at for o in held if seen_from and o.made_at <= seen_from}
        found = []
        plans: dict[str, str | None] = {}
        for outlook in held:
            changed = False
            if outlook.horizon_days == 0:
                changed = outlook.plan_id != plans.get(outlook.subject)
                plans[outlook.subject] = outlook.plan_id or plans.get(outlook.subject)
            if changed or outlook.made_at >= newest.get(outlook.subject, outlook.made_at):
                found.append(outlook)
        return tuple(found)

    def add_forecasts(self, issued: Iterable[Issued]) -> int:
        keyed = [((i.predictor, i.subject, i.made_at.astimezone(UTC).date()), i) for i in issued]
        added = sum([_added(self._forecasts, key, each) for key, each in keyed])
        if keyed:
            oldest = max(each.made_at for _, each in keyed) - timedelta(days=KEPT_DAYS)
            held = self._forecasts.items()
            self._forecasts = {key: each for key, each in held if each.made_at >= oldest}
        return added

    def forecasts(self, predictor: str, since: datetime | None = None) -> tuple[Issued, ...]:
        kept = (i for key, i in sorted(self._forecasts.items()) if key[0] == predictor)
        return tuple(i for i in kept if since is None or i.made_at >= since)

    def captures(self) -> tuple[Capture, ...]:
        return tuple(facts.capture for facts in self._by_age())

    def statement_snapshots(self, since: datetime | None = None) -> tuple[StatementSnapshot, ...]:
        found = (s for facts in self._by_age() for s in facts.statements)
        return _sorted(found, since, lambda s: (s.queryid, s.role, s.toplevel))

    def node_runs(self, since: datetime | None = None) -> tuple[NodeRun, ...]:
        found = [
            run
            for facts in self._by_age()
            if facts.capture.which in _RUNNING
            for run in facts.node_runs
        ]
        captured = {facts.capture.capture_id for facts in self._by_age() if facts.node_runs}
        for results in self._results.values():
            if results.invocation_id not in captured and results.which in _RUNNING:
                instant = datetime.fromisoformat(results.generated_at).astimezone(UTC)
                found += [
                    NodeRun(r.invocation_id, r.unique_id, r.status, r.started_at, r.execution_us,
                            captured_at=instant)
                    for r in results.runs
                ]  # fmt: skip
        return _sorted(found, since, lambda r: (r.unique_id, r.captured_at, r.invocation_id))

    def relation_profiles(self, since: datetime | None = None) -> tuple[RelationProfile, ...]:
        found = (p for facts in self._by_age() for p in facts.relations)
        return _sorted(found, since, lambda p: p.relation)

    def column_profiles(
        self, since: datetime | None = None, columns: Collection[ColumnName] | None = None
    ) -> tuple[ColumnProfile, ...]:
        found = (
            profile
            for facts in self._by_age()
            for profile in facts.columns
            if columns is None or ColumnName(profile.relation, profile.column) in columns
        )
        return _sorted(found, since, lambda p: (p.relation, p.position, p.column))

    def latest_relation_profiles(self) -> tuple[RelationProfile, ...]:
        newest = next((f.relations for f in reversed(self._by_age()) if f.relations), ())
        return tuple(sorted(newest, key=lambda p: p.relation))

    def latest_column_profiles(self) -> tuple[ColumnProfile, ...]:
        newest = next((f.columns for f in reversed(self._by_age()) if f.columns), ())
        return tuple(sorted(newest, key=lambda p: (p.relation, p.position, p.column)))

    def latest_index_profiles(self) -> tuple[IndexProfile, ...]:
        found = []
        for latest in self.latest_relation_profiles():
            for facts in reversed(self._by_age()):
                looked = {p.relation for p in facts.relations if p.index_bytes is not None}
                if latest.relation in looked:
                    found += [i for i in facts.indexes if i.spec.relation == latest.relation]
                    break
        return tuple(sorted(found, key=lambda i: (i.spec.relation, i.name)))

    def latest_artifact(self, kind: str) -> Artifact | None:
        found = (artifact for artifact in self._artifacts.values() if artifact.kind == kind)
        return max(found, key=lambda a: (a.generated_at, a.invocation_id), default=None)

    def _by_age(self) -> list[CapturedFacts]:
        return sorted(
            self._facts.values(), key=lambda f: (f.capture.captured_at, f.capture.capture_id)
        )


def _count(same: list[Execution]) -> ExecutionCount:
    one = same[0]
    times = [e.duration_us for e in same if e.duration_us is not None]
    return ExecutionCount(
        one.text, one.source, min(e.at for e in same), max(e.at for e in same), len(same),
        sum(times) if times else None, sum(e.rows or 0 for e in same), one.role,
        one.application_name, one.tags, one.node_id,
        max((e.queryid for e in same if e.queryid is not None), default=None),
    )  # fmt: skip


def _added(held: dict[Any, Any], key: Any, fact: Any) -> bool:
    if key in held:
        return False
    held[key] = fact
    return True


def _sorted(found: Iterable[Fact], since: datetime | None, key: Any) -> tuple[Fact, ...]:
    """Sort, keeping the order of the captures among equals."""
    kept = (fact for fact in found if since is None or fact.captured_at >= since)
    return tuple(sorted(kept, key=key))
