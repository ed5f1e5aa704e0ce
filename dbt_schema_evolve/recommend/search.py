"""The search for the set of changes that saves most per byte."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.pricing import Pricer, Query, RefusedQueryError, conflicts
from dbt_schema_evolve.recommend.relevance import MIN_GAIN_RATIO, learn_relevance
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.recommend.worth import Worth
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    Configuration,
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

_Rank = tuple[float, float, int]


@dataclass(frozen=True, slots=True)
class Step:
    """What adding one candidate was worth when it was last priced."""

    benefit: float  # planner units over the window, builds included
    obstacle: str  # why it cannot be taken at all; empty when it can
    tick: int  # how many changes had been made then


class Search:
    """Greedy on benefit per byte with widening: the Extend algorithm, lazily evaluated.

    Schlosser, Kossmann, Boissier: "Efficient Scalable Multi-Attribute Index Selection Using
    Recursive Strategies", ICDE 2019. Beyond it: materializations and drops take part, an index
    pays for its builds, and a benefit once priced is an upper bound for later rounds, so that most
    candidates are never priced twice (Minoux 1978). A choice can also make another one better;
    `grow` therefore looks again at what it turned down where a query has changed since.
    """

    def __init__(self, evidence: Evidence, pricer: Pricer, budget: Budget) -> None:
        self.pricer = pricer
        self.worth = Worth(evidence, pricer)
        self.chosen: dict[Spec, Candidate] = {}
        self.rejected: dict[Spec, Rejection] = {}
        self._budget = budget
        self._tick = 0
        self._changed_at: dict[int, int] = {}  # by query: the last change that it noticed
        self._steps: dict[Spec, Step] = {}
        self._touched: dict[Spec, tuple[Query, ...]] = {}
        self._gains: dict[int, float] = {}  # by query: what all index candidates together save

    @property
    def configuration(self) -> Configuration:
        """What has been chosen so far."""
        return frozenset(self.chosen)

    def bound(self, candidates: Iterable[Candidate]) -> None:
        """Learn which queries each index can serve, and what they could gain at most."""
        specs = [c.spec for c in candidates if isinstance(c.spec, IndexSpec)]
        self._gains = learn_relevance(self.pricer, specs, self.configuration)
        self._touched.clear()

    def grow(self, candidates: Sequence[Candidate]) -> bool:
        """Choose among candidates until none pays; tell whether any was chosen."""
        waiting = {candidate.spec: candidate for candidate in candidates}
        # The spec breaks ties, by its place in a fixed order: its text is costly to compare.
        places = {spec: n for n, spec in enumerate(sorted(waiting, key=repr))}
        ranks: dict[Spec, _Rank] = {}
        heap: list[tuple[_Rank, Spec]] = []

        def push(spec: Spec) -> None:
            ranks[spec] = self._rank(spec, places[spec])
            heapq.heappush(heap, (ranks[spec], spec))

        for spec in waiting:
            push(spec)
        any_chosen = False
        while heap:
            rank, spec = heapq.heappop(heap)
            if spec not in waiting or rank != ranks[spec]:
                continue
            reason = self._obstacle(spec)
            if not reason and not self._is_fresh(spec):
                self._steps[spec] = self._priced(spec)
                push(spec)
                continue
            reason = reason or self._verdict(spec)
            candidate = waiting.pop(spec)
            if reason:
                self._reject(candidate, reason)
                continue
            self._take(candidate)
            any_chosen = True
            for other in waiting:
                # A wider index may now replace the chosen one, for fewer extra bytes.
                if isinstance(spec, MaterializationSpec) or other.relation == spec.relation:
                    push(other)
        return any_chosen

    def shrink(self) -> bool:
        """Take out indexes that later choices made superfluous; tell whether there were any."""
        removed = False
        for spec in sorted(self.chosen, key=repr):
            if not isinstance(spec, IndexSpec):
                continue
            rest = self.configuration - {spec}
            if self.worth.saving(rest, self.configuration) < MIN_STEP_SHARE * self.worth.base_cost:
                self._reject(self.chosen.pop(spec), "superfluous beside the other changes")
                self._note_change(spec)
                removed = True
        return removed

    def drop(self, candidates: Iterable[Candidate]) -> None:
        """Choose the drops that leave every query's price alone, the largest first."""
        for candidate in sorted(candidates, key=lambda each: self._freed(each.spec)):
            spec = candidate.spec
            if spec in self.chosen or conflicts(spec, self.chosen):
                continue
            before = self.configuration
            try:
                queries = self.pricer.affected(spec, before)
                reason = self.worth.worse(queries, before, before | {spec}, MAX_DROP_RATIO)
                self.pricer.size_bytes(spec)
            except (OracleError, RefusedQueryError) as error:
                reason = f"cannot be priced: {error}"
            if reason:
                self._reject(candidate, reason)
            else:
                self._take(candidate)

    def _rank(self, spec: Spec, place: int) -> _Rank:
        """Order candidates: most benefit per byte, what frees space first.

        Digits past the sixth are noise of floating point, and decide nothing.
        """
        step = self._steps.get(spec)
        bound = self._bound(spec) if step is None else step.benefit
        try:
            extra = self._extra_bytes(spec)
        except OracleError:
            return (float("-inf"), 0.0, place)  # it is looked at first, and rejected
        ratio = bound / extra if extra > 0 else float("inf")
        return -float(f"{ratio:.6g}"), -float(f"{bound:.6g}"), place

    def _bound(self, spec: Spec) -> float:
        if not self._gains or not isinstance(spec, IndexSpec):
            return float("inf")
        return sum(self._gains.get(query.number, 0.0) for query in self._queries(spec))

    def _queries(self, spec: Spec) -> tuple[Query, ...]:
        """Return the queries that a candidate could change, and that could gain at all."""
        if spec not in self._touched:
            found = self.pricer.affected(spec, self.configuration)
            if self._gains and isinstance(spec, IndexSpec):
                found = tuple(query for query in found if self._gains.get(query.number, 1.0) > 0)
            self._touched[spec] = found
        return self._touched[spec]

    def _is_fresh(self, spec: Spec) -> bool:
        step = self._steps.get(spec)
        return step is not None and all(
            self._changed_at.get(query.number, 0) <= step.tick for query in self._queries(spec)
        )

    def _siblings(self, spec: Spec) -> list[Spec]:
        """Return the chosen specs of the same relation, in the order in which they were chosen."""
        return [each for each in self.chosen if each.relation == spec.relation]

    def _replaced(self, spec: Spec) -> tuple[Spec, ...]:
        """Return the chosen indexes that a wider one makes superfluous."""
        if not isinstance(spec, IndexSpec):
            return ()
        return tuple(
            each
            for each in self._siblings(spec)
            if isinstance(each, IndexSpec) and serves(spec, each)
        )

    def _extra_bytes(self, spec: Spec) -> int:
        replaced = sum(self.pricer.size_bytes(each) for each in self._replaced(spec))
        return self.pricer.size_bytes(spec) - replaced

    def _freed(self, spec: Spec) -> tuple[int, str]:
        try:
            return self.pricer.size_bytes(spec), repr(spec)
        except OracleError:
            return 0, repr(spec)

    def _obstacle(self, spec: Spec) -> str:
        """Say why a spec cannot be added, before asking for any price."""
        siblings = self._siblings(spec)
        if spec in siblings:
            return "chosen already"
        if conflicts(spec, siblings):
            return "another change of the same relation was chosen"
        for each in siblings:
            if isinstance(spec, IndexSpec) and isinstance(each, IndexSpec) and serves(each, spec):
                return f"{each} was chosen and serves it"
        return ""

    def _priced(self, spec: Spec) -> Step:
        """Price a candidate on top of what was chosen."""
        before = self.configuration
        replaced = self._replaced(spec)
        after = (before - set(replaced)) | {spec}
        found = {query.number: query for query in self._queries(spec)}
        for each in replaced:
            found.update((query.number, query) for query in self._queries(each))
        queries = tuple(found[number] for number in sorted(found))
        try:
            benefit = self.worth.saving_of(queries, before, after)
            obstacle = self.worth.worse(queries, before, after, MAX_WORSE_RATIO)
            self.pricer.size_bytes(spec)
        except (OracleError, RefusedQueryError) as error:
            return Step(0.0, f"cannot be priced: {error}", self._tick)
        return Step(benefit, obstacle, self._tick)

    def _verdict(self, spec: Spec) -> str:
        """Say why a priced candidate is not taken; empty when it is."""
        step = self._steps[spec]
        if step.obstacle:
            return step.obstacle
        if self._gains and isinstance(spec, IndexSpec) and not self._queries(spec):
            return f"no query would use it for {100 * MIN_GAIN_RATIO:.0f} % of its cost"
        share = step.benefit / self.worth.base_cost if self.worth.base_cost else 0.0
        if share <= 0:
            return "saves nothing more, its builds included"
        if share < MIN_STEP_SHARE:
            return (
                f"saves {100 * share:.2f} % of the workload's estimated cost, "
                f"less than {100 * MIN_STEP_SHARE:.1f} %"
            )
        # What drops free is not spent again: a drop may be rejected later, and the rest must fit.
        spent = sum(max(self.pricer.size_bytes(each), 0) for each in self.chosen)
        left = max(self._budget.bytes - spent, 0)
        extra = self._extra_bytes(spec)
        if extra > left:
            return f"needs {extra:,} bytes where {left:,} of the budget are left"
        return ""

    def _take(self, candidate: Candidate) -> None:
        spec = candidate.spec
        for each in self._replaced(spec):
            self._reject(self.chosen.pop(each), f"{spec} was chosen and serves it")
            self._note_change(each)
        self.rejected.pop(spec, None)
        self.chosen[spec] = candidate
        self._note_change(spec)

    def _note_change(self, spec: Spec) -> None:
        """Mark what was priced with other specs around as in need of a new price."""
        self._tick += 1
        if isinstance(spec, MaterializationSpec):
            # Queries read other relations now, so every bound is void.
            self._steps.clear()
            self._touched.clear()
            self._gains.clear()
            self.pricer.heed_everything()
        for query in self.pricer.affected(spec, self.configuration):
            self._changed_at[query.number] = self._tick

    def _reject(self, candidate: Candidate, reason: str) -> None:
        self.rejected[candidate.spec] = Rejection(candidate, reason)
