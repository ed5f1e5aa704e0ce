"""The last step of a search: a better set of indexes than the greedy one, if the prices have it."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.exact import Bound, Plan, Problem, is_there, solve
from dbt_schema_evolve.recommend.pricing import Query, RefusedQueryError
from dbt_schema_evolve.recommend.search import Search
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.changes import Candidate, Configuration, IndexSpec

# A set that saves less than this share of the workload more is not worth a different answer.
MIN_BETTER_SHARE = 0.001

# Where 5 % of the calls move, what a set saves moves by about that at most.
STAY_SHARE = 0.05

# Each round prices the set that the last one found. TPC-H and TPC-DS took up to four.
MAX_ROUNDS = 4

# The plans of one query that save most.
MAX_PLANS = 50


# Why an index is not in a set any more.
BETTER, AS_GOOD = "a set without it saves more", "what was proven does about as well without it"


def finish(search: Search, candidates: Sequence[Candidate], say: Callable[[str], None]) -> None:
    """Take the best set by all plans seen so far, if the oracle confirms that it saves more.

    The solver knows only plans that were priced, so a set is never worse than it thinks; what
    pricing a set brings to light, the next round takes into account.
    """
    if not any(isinstance(spec, IndexSpec) for spec in search.chosen):
        return
    if not is_there():
        say("the greedy choice stands: an exact one needs the extra `exact` (OR-Tools)")
        return
    task = _Task(search, candidates)
    best, most = task.chosen, task.value(task.chosen)
    least = MIN_BETTER_SHARE * search.worth.base_cost
    tried = {best}
    for _ in range(MAX_ROUNDS):
        found = None if search.deadline.is_over else task.best_known(best)
        if found is None or found in tried:
            break
        tried.add(found)
        try:
            value = task.value(found)
            if value > most + least and not task.obstacle(found):
                best, most = found, value
        except (OracleError, RefusedQueryError):
            break
    if best != task.chosen:
        search.adopt([task.candidates[spec] for spec in sorted(best)], BETTER)


def stay(search: Search, candidates: Sequence[Candidate], proven: Collection[str]) -> None:
    """Keep the indexes that the last validation accepted, if a set with them is about as good.

    Calls vary from window to window, and near ties with them; what was proven is worth more than
    what another estimate would put in its place.
    """
    task = _Task(search, candidates)
    kept = frozenset(
        spec
        for spec, each in task.candidates.items()
        if each.is_pinned or each.number_key in proven
    )
    if kept <= task.chosen or task.obstacle(kept):
        return

    def adopt(indexes: frozenset[IndexSpec], reason: str) -> None:
        search.adopt([task.candidates[spec] for spec in sorted(indexes)], reason)

    adopt(kept, AS_GOOD)
    search.grow([each for each in candidates if each.spec not in kept])
    search.shrink()
    if not kept <= search.configuration:
        adopt(kept, AS_GOOD)
    stayed = frozenset(spec for spec in search.chosen if isinstance(spec, IndexSpec))
    if task.saving(stayed) < (1 - STAY_SHARE) * task.saving(task.chosen):
        adopt(task.chosen, BETTER)


class _Task:
    """The choice among the indexes of one search, beside its other changes."""

    def __init__(self, search: Search, candidates: Iterable[Candidate]) -> None:
        self._search, self._pricer, self._worth = search, search.pricer, search.worth
        self.candidates = {
            each.spec: each
            for each in (*candidates, *search.chosen.values())
            if isinstance(each.spec, IndexSpec)
        }
        self.chosen = frozenset(spec for spec in search.chosen if isinstance(spec, IndexSpec))
        self._fixed: Configuration = search.configuration - self.chosen
        self._unwelcome: dict[tuple[int, frozenset[IndexSpec]], bool] = {}

    def saving(self, indexes: frozenset[IndexSpec]) -> float:
        """Return what a set saves beside the other changes."""
        return self._worth.saving(self._fixed, self._fixed | indexes)

    def value(self, indexes: frozenset[IndexSpec]) -> float:
        """Return what a set saves beyond the least that each index has to save."""
        least = sum(self._search.least(spec) for spec in sorted(indexes))
        return self.saving(indexes) - least

    def obstacle(self, indexes: frozenset[IndexSpec]) -> str:
        """Say why a set cannot be taken; empty when it can."""
        for spec in sorted(indexes):
            others = self._fixed | indexes - {spec}
            if reason := self._search.limits.broken(spec, others):
                return reason
        before, after = self._fixed, self._fixed | indexes
        queries = [q for q in self._pricer.queries if self._pricer.noticed(q, indexes)]
        return self._worth.objection(queries, before, after)

    def best_known(self, start: frozenset[IndexSpec]) -> frozenset[IndexSpec] | None:
        """Return the best set by the plans that were priced."""
        plans = [
            (query, estimate) for query in self._pricer.queries for estimate in self._plans(query)
        ]
        pinned = {spec for spec in self.chosen if self.candidates[spec].is_pinned}
        specs = sorted(start.union(pinned, *(estimate.used for _, estimate in plans)))
        numbers = {spec: n for n, spec in enumerate(specs)}
        worth, limits = self._worth, self._search.limits
        problem = Problem(
            prices=[worth.upkeep(spec) + self._search.least(spec) for spec in specs],
            plans=[
                Plan(
                    query.number,
                    self._saves(query, estimate),
                    frozenset(numbers[each] for each in estimate.used),
                    self._is_unwelcome(query, estimate),
                )
                for query, estimate in plans
            ],
            bounds=[
                Bound([round(take(spec)) for spec in specs], int(left))
                for take, left in limits.sums(self._fixed)
            ],
            exclusive=[(numbers[one], numbers[other]) for one, other in _served(specs)],
            forced=frozenset(numbers[spec] for spec in pinned),
            start=frozenset(numbers[spec] for spec in start),
        )
        chosen = solve(problem, self._search.deadline.seconds_left)
        return None if chosen is None else frozenset(specs[n] for n in chosen)

    def _plans(self, query: Query) -> Iterator[Estimate]:
        """Yield the plans of a query that save something, and no more by fewer indexes."""
        if not self._pricer.weight(query, self._fixed):
            return
        now = self._pricer.estimate(query, self._fixed).cost
        known = sorted(
            (
                plan
                for plan in self._pricer.plans(query, self._fixed)
                if plan.used and plan.cost < now and plan.used <= self.candidates.keys()
            ),
            key=lambda plan: (plan.cost, len(plan.used), sorted(plan.used)),
        )
        kept: list[frozenset[IndexSpec]] = []
        for plan in known:
            if len(kept) < MAX_PLANS and not any(better <= plan.used for better in kept):
                kept.append(plan.used)
                yield plan

    def _saves(self, query: Query, plan: Estimate) -> float:
        now = self._pricer.estimate(query, self._fixed)
        return self._pricer.weight(query, self._fixed) * (now.cost - plan.cost)

    def _is_unwelcome(self, query: Query, plan: Estimate) -> bool:
        key = query.number, plan.used
        if key not in self._unwelcome:
            now = self._pricer.estimate(query, self._fixed)
            self._unwelcome[key] = self._worth.is_unwelcome(query, now, plan)
        return self._unwelcome[key]


def _served(specs: Sequence[IndexSpec]) -> Iterator[tuple[IndexSpec, IndexSpec]]:
    """Yield each index with those that it makes superfluous; `specs` are sorted."""
    for _, alike in itertools.groupby(specs, key=lambda spec: spec.relation):
        for wide, narrow in itertools.permutations(alike, 2):
            if serves(wide, narrow):
                yield wide, narrow
