"""The search for the set of changes that saves most per byte."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import AS_IT_IS
from dbt_schema_evolve.recommend.ownership import STORED, builds, owner
from dbt_schema_evolve.recommend.pricing import Pricer, Query, RefusedQueryError, conflicts
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.recommend.upkeep import index_build_cost, spec_build_cost
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    Configuration,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Rejection,
    Spec,
)
from dbt_schema_evolve.records.evidence import Evidence

# A step has to save this share of the workload's cost; the platform that Extend was published with
# stops at the same place (`min_cost_improvement` 1.003 in hyrise/index_selection_evaluation).
MIN_STEP_SHARE = 0.003

# A consumer's query that gets dearer by more than this fails validation, so we do not propose it.
MAX_WORSE_RATIO = 1.10

# A drop has to leave prices alone; 2 % is as exactly as the planner twin knows them.
MAX_DROP_RATIO = 1.02

# With fewer candidates, pricing each is cheaper than pricing all of them at once for a bound.
BOUND_FROM = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the configuration: what it adds, what it replaces, what it is worth."""

    candidate: Candidate
    before: Configuration
    after: Configuration
    benefit: float  # planner units over the window, builds included
    extra_bytes: int

    @property
    def key(self) -> tuple[float, float, str]:
        """Order of steps: most benefit per byte, what frees space first; the spec breaks ties."""
        return rank(self.candidate, self.benefit, self.extra_bytes)


def rank(candidate: Candidate, benefit: float, extra_bytes: int) -> tuple[float, float, str]:
    """Return a sort key, smallest first. Digits past the sixth are noise and do not decide."""
    ratio = benefit / extra_bytes if extra_bytes > 0 else float("inf")
    return -float(f"{ratio:.6g}"), -float(f"{benefit:.6g}"), repr(candidate.spec)


@dataclass
class Search:
    """Greedy on benefit per byte with widening: the Extend algorithm, lazily evaluated.

    Schlosser, Kossmann, Boissier: "Efficient Scalable Multi-Attribute Index Selection Using
    Recursive Strategies", ICDE 2019. Beyond it: materializations and drops take part, an index
    pays for its builds, and a benefit once priced is an upper bound for later rounds, so that most
    candidates are never priced twice (Minoux 1978). Bounds are void where a choice can
    make another one better; those candidates are looked at again.
    """

    evidence: Evidence
    pricer: Pricer
    budget: Budget
    chosen: dict[Spec, Candidate] = field(default_factory=dict)
    rejected: dict[Spec, Rejection] = field(default_factory=dict)
    _hopeless: frozenset[int] = frozenset()  # queries that no index candidate makes cheaper
    _gains: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.base_cost = self.pricer.weighted_cost(self.pricer.queries, AS_IT_IS)

    @property
    def configuration(self) -> Configuration:
        """What has been chosen so far."""
        return frozenset(self.chosen)

    @property
    def spent_bytes(self) -> int:
        """Bytes added; what drops free is not spent again, since each change must stand alone."""
        return sum(max(self.pricer.size_bytes(spec), 0) for spec in self.chosen)

    def bound(self, candidates: Iterable[Candidate]) -> None:
        """Price every query once with all indexes there: none can ever gain more than that."""
        specs = frozenset(c.spec for c in candidates if isinstance(c.spec, IndexSpec))
        self._gains, self._hopeless = {}, frozenset()
        if len(specs) < BOUND_FROM:
            return
        queries = self.pricer.queries
        try:
            best = self.pricer.estimates(queries, specs)
        except (TwinError, RefusedQueryError):
            return
        base = self.pricer.estimates(queries, AS_IT_IS)
        for query, low, high in zip(queries, best, base, strict=True):
            weight = self.pricer.weight(query, AS_IT_IS)
            self._gains[query.number] = weight * max(high.cost - low.cost, 0.0)
        self._hopeless = frozenset(n for n, gain in self._gains.items() if gain <= 0)

    def grow(self, candidates: Sequence[Candidate]) -> bool:
        """Choose among candidates until none pays; tell whether any was chosen."""
        waiting = {candidate.spec: candidate for candidate in candidates}
        bounds = {spec: self._upper_bound(spec) for spec in waiting}
        any_chosen = False
        heap = self._heap(waiting.values(), bounds)
        fresh: dict[Spec, Step] = {}
        while heap:
            key, spec = heapq.heappop(heap)
            candidate = waiting.get(spec)
            if candidate is None or key != self._key(candidate, bounds):
                continue
            step = fresh.get(spec)
            if step is None:
                reason = self._obstacle(spec)
                outcome = reason or self._step(candidate)
                if isinstance(outcome, str):
                    self._reject(candidate, outcome)
                    del waiting[spec]
                    continue
                fresh[spec] = outcome
                bounds[spec] = outcome.benefit
                heapq.heappush(heap, (self._key(candidate, bounds), spec))
                continue
            del waiting[spec]
            reason = self._verdict(step)
            if reason:
                self._reject(candidate, reason)
                continue
            self._take(step)
            any_chosen = True
            fresh.clear()
            if isinstance(spec, MaterializationSpec):
                self._hopeless = frozenset()
                bounds = dict.fromkeys(waiting, float("inf"))
            # A wider index may now replace the chosen one, for fewer extra bytes.
            heap = self._heap(waiting.values(), bounds)
        return any_chosen

    def shrink(self) -> bool:
        """Take out indexes that later choices made superfluous; tell whether there were any."""
        removed = False
        for spec in sorted(self.chosen, key=repr):
            if not isinstance(spec, IndexSpec):
                continue
            rest = self.configuration - {spec}
            queries = self.pricer.affected(spec, rest)
            loss = self._saving(queries, rest, self.configuration)
            if loss < MIN_STEP_SHARE * self.base_cost:
                self._reject(self.chosen.pop(spec), "superfluous beside the other changes")
                removed = True
        return removed

    def drop(self, candidates: Iterable[Candidate]) -> None:
        """Choose the drops that leave every query's price alone."""
        for candidate in sorted(candidates, key=lambda each: repr(each.spec)):
            spec = candidate.spec
            if spec in self.chosen or conflicts(spec, self.configuration):
                continue
            after = self.configuration | {spec}
            try:
                queries = self.pricer.affected(spec, self.configuration)
                reason = self._worse(queries, self.configuration, after, MAX_DROP_RATIO)
                self.pricer.size_bytes(spec)
            except (TwinError, RefusedQueryError) as error:
                reason = f"cannot be priced: {error}"
            if reason:
                self._reject(candidate, reason)
            else:
                self.rejected.pop(spec, None)
                self.chosen[spec] = candidate

    def saving(self, before: Configuration, after: Configuration) -> float:
        """Return what the window's cost falls by between two configurations."""
        queries: dict[int, Query] = {}
        for spec in before ^ after:
            for query in self.pricer.affected(spec, before & after):
                queries[query.number] = query
        return self._saving(tuple(queries.values()), before, after)

    def _heap(
        self, candidates: Iterable[Candidate], bounds: dict[Spec, float]
    ) -> list["tuple[tuple[float, float, str], Spec]"]:
        heap = [(self._key(candidate, bounds), candidate.spec) for candidate in candidates]
        heapq.heapify(heap)
        return heap

    def _key(self, candidate: Candidate, bounds: dict[Spec, float]) -> tuple[float, float, str]:
        try:
            extra = self._extra_bytes(candidate.spec)
        except TwinError:
            extra = 0  # it is looked at first, and rejected with the reason
        return rank(candidate, bounds[candidate.spec], extra)

    def _upper_bound(self, spec: Spec) -> float:
        if not self._gains or not isinstance(spec, IndexSpec):
            return float("inf")
        queries = self.pricer.affected(spec, self.configuration)
        return sum(self._gains.get(query.number, 0.0) for query in queries)

    def _extra_bytes(self, spec: Spec) -> int:
        replaced = sum(self.pricer.size_bytes(each) for each in self._replaced(spec))
        return self.pricer.size_bytes(spec) - replaced

    def _replaced(self, spec: Spec) -> tuple[Spec, ...]:
        """Return the chosen indexes that a wider one makes superfluous."""
        if not isinstance(spec, IndexSpec):
            return ()
        return tuple(
            each for each in self.chosen if isinstance(each, IndexSpec) and serves(spec, each)
        )

    def _obstacle(self, spec: Spec) -> str:
        """Say why a spec cannot be added, before asking for any price."""
        if spec in self.chosen:
            return "chosen already"
        if conflicts(spec, self.configuration):
            return "another change of the same relation was chosen"
        for each in sorted(self.chosen, key=repr):
            if isinstance(spec, IndexSpec) and isinstance(each, IndexSpec) and serves(each, spec):
                return f"{each} was chosen and serves it"
        return ""

    def _step(self, candidate: Candidate) -> Step | str:
        """Price a candidate on top of what was chosen; a string says why that is impossible."""
        spec = candidate.spec
        before = self.configuration
        replaced = self._replaced(spec)
        after = before - set(replaced) | {spec}
        try:
            found = {q.number: q for q in self.pricer.affected(spec, before)}
            for each in replaced:
                found.update((q.number, q) for q in self.pricer.affected(each, before))
            queries = tuple(
                query for number, query in sorted(found.items()) if number not in self._hopeless
            )
            benefit = self._saving(queries, before, after)
            worse = self._worse(queries, before, after, MAX_WORSE_RATIO)
            extra = self._extra_bytes(spec)
        except (TwinError, RefusedQueryError) as error:
            return f"cannot be priced: {error}"
        return worse or Step(candidate, before, after, benefit, extra)

    def _verdict(self, step: Step) -> str:
        """Say why a priced step is not taken; empty when it is."""
        share = step.benefit / self.base_cost if self.base_cost else 0.0
        if share < MIN_STEP_SHARE:
            if share <= 0:
                return "saves nothing, its builds included"
            return (
                f"saves {100 * share:.2f} % of the workload's estimated cost, "
                f"less than {100 * MIN_STEP_SHARE:.1f} %"
            )
        left = self.budget.bytes - self.spent_bytes
        if step.extra_bytes > max(left, 0):
            return f"needs {step.extra_bytes:,} bytes where {max(left, 0):,} of the budget are left"
        return ""

    def _take(self, step: Step) -> None:
        spec = step.candidate.spec
        for each in self._replaced(spec):
            self._reject(self.chosen.pop(each), f"{spec} was chosen and serves it")
        self.rejected.pop(spec, None)
        self.chosen[spec] = step.candidate

    def _reject(self, candidate: Candidate, reason: str) -> None:
        self.rejected[candidate.spec] = Rejection(candidate, reason)

    def _saving(
        self, queries: Sequence[Query], before: Configuration, after: Configuration
    ) -> float:
        cost = self.pricer.weighted_cost
        saved = cost(queries, before) - cost(queries, after)
        return saved + self._upkeep(before - after) - self._upkeep(after - before)

    def _upkeep(self, specs: Configuration) -> float:
        return sum(
            builds(self.evidence, spec.relation) * self.build_cost(spec)
            for spec in sorted(specs, key=repr)
        )

    def build_cost(self, spec: Spec) -> float:
        """Return what one dbt run pays for keeping a spec; a model's own SELECT not included."""
        if isinstance(spec, DropIndexSpec):
            return spec_build_cost(self.evidence, spec)
        own = self.pricer.own_query(spec.relation)
        if isinstance(spec, IndexSpec):
            rows = None
            node = owner(self.evidence, spec.relation)
            if node is not None and node.materialized == "view" and own is not None:
                rows = self.pricer.estimate(own, AS_IT_IS).rows
            return index_build_cost(self.evidence, spec, rows)
        if spec.materialized in STORED:
            return 0.0
        existing = self.evidence.indexes.get(spec.relation, ())
        return -sum(index_build_cost(self.evidence, index.spec) for index in existing)

    def _worse(
        self,
        queries: Sequence[Query],
        before: Configuration,
        after: Configuration,
        limit: float,
    ) -> str:
        """Name the consumer's query that a change makes too dear; empty when there is none."""
        readers = [query for query in queries if query.facts.node_id is None]
        pairs = zip(
            readers,
            self.pricer.estimates(readers, before),
            self.pricer.estimates(readers, after),
            strict=True,
        )
        ratio, name = max(
            ((new.cost / old.cost, query.facts.fingerprint) for query, old, new in pairs),
            default=(1.0, ""),
        )
        if ratio <= limit:
            return ""
        return f"query {name} would cost {100 * (ratio - 1):.0f} % more"
