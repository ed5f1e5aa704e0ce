"""The search for the set of changes that saves most per byte."""

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.cost import AS_IT_IS
from dbt_schema_evolve.recommend.deadline import NEVER, Deadline
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.recommend.limits import Limits
from dbt_schema_evolve.recommend.pricing import Pricer, Query, RefusedQueryError, conflicts
from dbt_schema_evolve.recommend.relevance import (
    MIN_GAIN_RATIO,
    Relevance,
    learn_relevance,
)
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
from dbt_schema_evolve.records.relations import RelationName

# A step has to save this share of what the workload costs by then; the platform that Extend was
# published with stops at the same place (`min_cost_improvement` 1.003 in
# hyrise/index_selection_evaluation). A materialization has to save it of the whole.
MIN_STEP_SHARE = 0.003

# In a large warehouse nothing is 0.3 % of everything: a tenth of what a relation's queries cost
# is worth a step too, if it is not lost in the rounding of the whole.
MIN_LOCAL_SHARE = 0.1
MIN_SHARE = 0.0001

# A drop has to leave prices alone; 2 % is as exactly as the planner twin knows them.
MAX_DROP_RATIO = 1.02

# Of the indexes that could stand in the place of a chosen one, so many are priced: a bound on the
# time of an exchange that was set once and not tuned.
MAX_EXCHANGES = 8

# A candidate is first priced but for this share of what it could save, enough to pass over most;
# one that is taken has been priced whole.
GLIMPSE_ERROR = 0.05

_Rank = tuple[float, float, int]


@dataclass(frozen=True, slots=True)
class Step:
    """What adding one candidate was worth when it was last priced."""

    benefit: float  # planner units over the window, builds included
    obstacle: str  # why it cannot be taken at all; empty when it can
    tick: int  # how many changes had been made then
    is_whole: bool = True  # every query was priced, not only those that matter most


class Search:
    """Greedy on benefit per byte with widening: the Extend algorithm, lazily evaluated.

    Schlosser, Kossmann, Boissier: "Efficient Scalable Multi-Attribute Index Selection Using
    Recursive Strategies", ICDE 2019. Beyond it: materializations and drops take part, an index
    pays for its builds, and a benefit once priced is an upper bound for later rounds, so that most
    candidates are never priced twice (Minoux 1978). A choice can also make another one better;
    `grow` therefore looks again at what it turned down where a query has changed since.
    """

    def __init__(
        self,
        evidence: Evidence,
        pricer: Pricer,
        budget: Budget,
        deadline: Deadline = NEVER,
        judge: Judge = TRUSTING,
    ) -> None:
        self.pricer, self.deadline = pricer, deadline
        self.worth = Worth(evidence, pricer, judge)
        self.chosen: dict[Spec, Candidate] = {}
        self.rejected: dict[Spec, Rejection] = {}
        self.limits = Limits(evidence, pricer, self.worth, budget)
        self._tick = 0
        self._changed_at: dict[int, int] = {}  # by query: the last change that it noticed
        self._steps: dict[Spec, Step] = {}
        self._touched: dict[Spec, tuple[Query, ...]] = {}
        self._cost = self.worth.base_cost  # of the workload with what has been chosen so far
        self._local: dict[RelationName, float] = {}  # what the queries of a relation cost today
        self._relevance: dict[int, Relevance] = {}  # by query: what indexes could do for it
        self._room: dict[int, float] = {}  # by query: what indexes could still save in the window

    @property
    def configuration(self) -> Configuration:
        """What has been chosen so far."""
        return frozenset(self.chosen)

    def pin(self, candidates: Iterable[Candidate]) -> None:
        """Choose what the project wants, whether it pays or not, if it can be and fits."""
        for candidate in sorted(candidates, key=lambda each: repr(each.spec)):
            if not candidate.is_pinned or candidate.spec in self.chosen:
                continue
            reason = self._obstacle(candidate.spec, self.chosen)
            reason = reason or self._over_budget(candidate.spec, self.chosen)
            if reason:
                self._reject(candidate, reason)
            else:
                self._take(candidate)

    def bound(self, candidates: Iterable[Candidate]) -> None:
        """Learn which queries each index can serve, and what they could gain at most."""
        specs = [
            candidate.spec
            for candidate in candidates
            if isinstance(candidate.spec, IndexSpec)
            and not self._over_budget(candidate.spec, self.chosen)
        ]
        self._relevance = learn_relevance(self.pricer, specs, self.configuration, self.deadline)
        self._touched.clear()
        self._measure_room(self.pricer.queries)

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
        while heap and not self.deadline.is_over:
            rank, spec = heapq.heappop(heap)
            if spec not in waiting or rank != ranks[spec]:
                continue
            reason = self._obstacle(spec, self.chosen) or self._hopeless(spec)
            reason = reason or self._over_budget(spec, self.chosen)
            if not reason and not self._is_fresh(spec):
                self._steps[spec] = self._glimpsed(spec)
                push(spec)
                continue
            if not reason and not self._steps[spec].is_whole:
                self._steps[spec] = self._priced(spec, self._all_queries(spec))
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
        for candidate in waiting.values():
            self._reject(candidate, "the time was up before it was looked at")
        return any_chosen

    def exchange(self, candidates: Sequence[Candidate]) -> bool:
        """Put another index in the place of a chosen one where that saves more; tell whether."""
        if not self._relevance:
            return False
        worths = []
        for spec, candidate in self.chosen.items():
            if isinstance(spec, IndexSpec) and not candidate.is_pinned:
                rest = self.configuration - {spec}
                worths.append((self.worth.saving(rest, self.configuration), repr(spec), spec))
        for value, _, spec in sorted(worths, key=lambda item: item[:2]):
            better = self._instead(spec, value + self.least(spec), candidates)
            if better is not None:
                self._reject(self.chosen.pop(spec), f"{better.spec} saves more in its place")
                self._note_change(spec)
                self._take(better)
                return True
        return False

    def _instead(
        self, spec: IndexSpec, least: float, candidates: Sequence[Candidate]
    ) -> Candidate | None:
        """Return the candidate that saves most in the place of a chosen index, if any does."""
        kept = [each for each in self.chosen if each != spec]
        rest = frozenset(kept)
        hopes = []
        for candidate in candidates:
            other = candidate.spec
            if other == spec or not isinstance(other, IndexSpec):
                continue
            hope = sum(self._gain(other, query) for query in self._queries(other))
            if hope <= least or self._obstacle(other, kept) or self._over_budget(other, kept):
                continue
            hopes.append((-hope, repr(other), candidate))
        best, found = least, None
        for _, _, candidate in sorted(hopes, key=lambda item: item[:2])[:MAX_EXCHANGES]:
            if self.deadline.is_over:
                break
            after = rest | {candidate.spec}
            queries = self._queries(candidate.spec)
            try:
                saved = self.worth.saving_of(queries, rest, after)
                obstacle = self.worth.objection(queries, rest, after)
            except (OracleError, RefusedQueryError):
                continue
            if saved > best and not obstacle:
                best, found = saved, candidate
        return found

    def shrink(self) -> bool:
        """Take out indexes that later choices made superfluous; tell whether there were any."""
        removed = False
        for spec in sorted(self.chosen, key=repr):
            if not isinstance(spec, IndexSpec) or self.chosen[spec].is_pinned:
                continue
            rest = self.configuration - {spec}
            if self.worth.saving(rest, self.configuration) < self.least(spec):
                self._reject(self.chosen.pop(spec), "superfluous beside the other changes")
                self._note_change(spec)
                removed = True
        return removed

    def adopt(self, indexes: Iterable[Candidate], reason: str) -> None:
        """Choose these indexes, in the place of all that are chosen; say what for."""
        wanted = {candidate.spec: candidate for candidate in indexes}
        for spec in sorted(self.chosen, key=repr):
            if isinstance(spec, IndexSpec) and spec not in wanted:
                self._reject(self.chosen.pop(spec), reason)
                self._note_change(spec)
        for spec, candidate in wanted.items():
            if spec not in self.chosen:
                self._take(candidate)

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
        bound = self._bound(spec)
        if step is not None:
            bound = min(bound, step.benefit)
        try:
            extra = self._extra_bytes(spec)
        except OracleError:
            return (float("-inf"), 0.0, place)  # it is looked at first, and rejected
        ratio = bound / extra if extra > 0 else float("inf")
        return -float(f"{ratio:.6g}"), -float(f"{bound:.6g}"), place

    def _bound(self, spec: Spec) -> float:
        """Return what a candidate can save at most, as far as its queries' layers tell."""
        if not self._relevance or not isinstance(spec, IndexSpec):
            return float("inf")
        return sum(self._hope(spec, query) for query in self._queries(spec))

    def _hope(self, spec: Spec, query: Query) -> float:
        relevance = self._relevance.get(query.number)
        if relevance is None:
            return float("inf")
        return min(self._gain(spec, query), self._room[query.number])

    def _gain(self, spec: Spec, query: Query) -> float:
        relevance = self._relevance.get(query.number)
        gain = relevance.gains.get(spec, 0.0) if relevance is not None else 0.0
        return gain * self.pricer.weight(query, self.configuration)

    def _measure_room(self, queries: Iterable[Query]) -> None:
        """Note what is still between the price of queries and the least that indexes allow."""
        known = [query for query in queries if query.number in self._relevance]
        estimates = self.pricer.estimates(known, self.configuration)
        for query, estimate in zip(known, estimates, strict=True):
            over = estimate.cost - self._relevance[query.number].least_cost
            self._room[query.number] = max(over, 0.0) * self.pricer.weight(
                query, self.configuration
            )

    def _queries(self, spec: Spec) -> tuple[Query, ...]:
        """Return the queries that a candidate could change; what they ignore they do not notice."""
        if spec not in self._touched:
            self._touched[spec] = self.pricer.affected(spec, self.configuration)
        return self._touched[spec]

    def _is_fresh(self, spec: Spec) -> bool:
        step = self._steps.get(spec)
        return step is not None and all(
            self._changed_at.get(query.number, 0) <= step.tick for query in self._queries(spec)
        )

    def _replaced(self, spec: Spec) -> tuple[Spec, ...]:
        """Return the chosen indexes that a wider one makes superfluous."""
        if not isinstance(spec, IndexSpec):
            return ()
        return tuple(
            each for each in self.chosen if isinstance(each, IndexSpec) and serves(spec, each)
        )

    def _extra_bytes(self, spec: Spec) -> int:
        replaced = sum(self.pricer.size_bytes(each) for each in self._replaced(spec))
        return self.pricer.size_bytes(spec) - replaced

    def _freed(self, spec: Spec) -> tuple[int, str]:
        try:
            return self.pricer.size_bytes(spec), repr(spec)
        except OracleError:
            return 0, repr(spec)

    def _obstacle(self, spec: Spec, beside: Collection[Spec]) -> str:
        """Say why a spec cannot be added to others, before asking for any price."""
        siblings = [each for each in beside if each.relation == spec.relation]
        if spec in siblings:
            return "chosen already"
        if conflicts(spec, siblings):
            return "another change of the same relation was chosen"
        for each in siblings:
            if isinstance(spec, IndexSpec) and isinstance(each, IndexSpec) and serves(each, spec):
                return f"{each} was chosen and serves it"
        return ""

    def _hopeless(self, spec: Spec) -> str:
        """Say that a candidate cannot save enough, where that is known without a price."""
        if not self._relevance or not isinstance(spec, IndexSpec):
            return ""
        if not self._queries(spec):
            return f"no query would use it for {100 * MIN_GAIN_RATIO:.0f} % of its cost"
        room = sum(self._room.get(query.number, float("inf")) for query in self._queries(spec))
        if room >= self.least(spec):
            return ""
        return f"could save {self._percent(room)} of the workload's estimated cost at most"

    def least(self, spec: Spec) -> float:
        """Return what a step has to save to be worth taking."""
        if isinstance(spec, MaterializationSpec):
            return MIN_STEP_SHARE * self.worth.base_cost
        if spec.relation not in self._local:
            readers = self.pricer.readers(spec.relation)
            self._local[spec.relation] = sum(self.pricer.exposure(query) for query in readers)
        local = MIN_LOCAL_SHARE * self._local[spec.relation]
        return min(MIN_STEP_SHARE * self._cost, max(local, MIN_SHARE * self.worth.base_cost))

    def _percent(self, cost: float) -> str:
        base = self.worth.base_cost
        return f"{100 * cost / base if base else 0.0:.2f} %"

    def _over_budget(self, spec: Spec, beside: Collection[Spec]) -> str:
        kept = [each for each in beside if each not in self._replaced(spec)]
        try:
            return self.limits.broken(spec, kept)
        except OracleError as error:
            return f"cannot be priced: {error}"

    def _all_queries(self, spec: Spec) -> tuple[Query, ...]:
        """Return the queries whose price a candidate, or what it replaces, could change."""
        found = {query.number: query for query in self._queries(spec)}
        for each in self._replaced(spec):
            found.update((query.number, query) for query in self._queries(each))
        return tuple(found[number] for number in sorted(found))

    def _glimpsed(self, spec: Spec) -> Step:
        """Price a candidate by the queries that make up nearly all that it could save."""
        queries = self._all_queries(spec)
        if not self._relevance or not isinstance(spec, IndexSpec) or self._replaced(spec):
            return self._priced(spec, queries)
        hopes = sorted(
            ((self._hope(spec, query), -query.number) for query in queries), reverse=True
        )
        enough = (1 - GLIMPSE_ERROR) * sum(hope for hope, _ in hopes)
        heard: set[int] = set()
        total = 0.0
        for hope, number in hopes:
            if total >= enough:
                break
            heard.add(-number)
            total += hope
        step = self._priced(spec, [query for query in queries if query.number in heard])
        return replace(step, is_whole=len(heard) == len(queries))

    def _priced(self, spec: Spec, queries: Sequence[Query]) -> Step:
        """Price a candidate on top of what was chosen."""
        before = self.configuration
        after = (before - set(self._replaced(spec))) | {spec}
        try:
            benefit = self.worth.saving_of(queries, before, after)
            obstacle = self.worth.objection(queries, before, after)
            self.pricer.size_bytes(spec)
        except (OracleError, RefusedQueryError) as error:
            return Step(0.0, f"cannot be priced: {error}", self._tick)
        return Step(benefit, obstacle, self._tick)

    def _verdict(self, spec: Spec) -> str:
        """Say why a priced candidate is not taken; empty when it is."""
        step = self._steps[spec]
        if step.obstacle:
            return step.obstacle
        if step.benefit <= 0:
            return "saves nothing more, its builds included"
        if step.benefit < self.least(spec):
            return f"saves {self._percent(step.benefit)} of the workload's estimated cost only"
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
            self._relevance.clear()
            self._room.clear()
            self.pricer.heed_everything()
        changed = self.pricer.affected(spec, self.configuration)
        for query in changed:
            self._changed_at[query.number] = self._tick
        self._measure_room(changed)
        saved = self.worth.saving(AS_IT_IS, self.configuration)
        self._cost = self.worth.base_cost - saved

    def _reject(self, candidate: Candidate, reason: str) -> None:
        self.rejected[candidate.spec] = Rejection(candidate, reason)
