"""Which candidates are worth having together, under a budget."""

from collections.abc import Callable, Iterable, Sequence

from dbt_schema_evolve.recommend.as_if import as_if
from dbt_schema_evolve.recommend.cost import AS_IT_IS, CostOracle
from dbt_schema_evolve.recommend.deadline import Deadline
from dbt_schema_evolve.recommend.explanation import advice_for_a_person, explain
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.recommend.pricing import Pricer
from dbt_schema_evolve.recommend.search import Search
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    DropIndexSpec,
    MaterializationSpec,
    Rejection,
    Selection,
)
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.relations import RelationName

Propose = Callable[[Evidence], Iterable[Candidate]]

# A first choice may open a second: an index on a table that was a view, a prefix that a new index
# makes superfluous. A third round found nothing on any workload tried.
LOOKS = 2


def select(
    evidence: Evidence,
    candidates: Iterable[Candidate],
    oracle: CostOracle,
    budget: Budget,
    again: Sequence[Propose] = (),
    clock: Callable[[], float] | None = None,
    judge: Judge = TRUSTING,
) -> Selection:
    """Choose the changes that save most of the workload's cost per byte.

    The workload's cost is calls times estimated cost over consumers' queries, plus builds times
    estimated cost over the models that store rows, plus what each index costs per build.
    `again` are recommenders that look once more at the evidence as it would be afterwards. `clock`
    counts seconds; by it the budget's time limit is kept, with what was found until then. A change
    is not chosen where `judge` doubts the gain of a query.
    """
    deadline = Deadline.after(budget.seconds, clock)
    pricer = Pricer(evidence, oracle)
    search = Search(evidence, pricer, budget, deadline, judge)
    pool = _without_doubles(candidates)
    persons, pool = _split(pool, _is_for_a_person)
    kept, surplus = _cut(pool, pricer, budget)
    for candidate in surplus:
        reason = f"beyond the {budget.max_candidates} candidates of the costliest queries"
        search.rejected[candidate.spec] = Rejection(candidate, reason)

    seen = {candidate.spec for candidate in pool}
    for look in range(LOOKS):
        drops, additions = _split(kept, lambda c: isinstance(c.spec, DropIndexSpec))
        search.drop(drops)
        search.pin(additions)
        search.bound(additions)
        _grow(search, additions)
        if look + 1 == LOOKS or not search.chosen:
            break
        changed = as_if(evidence, search.configuration, _rows(pricer), pricer.size_bytes)
        fresh = _without_doubles(c for propose in again for c in propose(changed))
        fresh = [c for c in fresh if not _is_for_a_person(c)]
        gone = {spec.index for spec in search.chosen if isinstance(spec, DropIndexSpec)}
        fresh = [c for c in fresh if c.spec not in seen | gone]
        kept, _ = _cut(fresh, pricer, budget)
        # A drop that was refused may be free now that a wider index is there.
        kept += drops
        if not kept:
            break

    recommendations = explain(evidence, search)
    recommendations += advice_for_a_person(evidence, persons)
    return Selection(
        recommendations=tuple(recommendations),
        rejected=tuple(search.rejected[spec] for spec in sorted(search.rejected, key=repr)),
        estimated_cost_before=search.worth.base_cost,
        estimated_cost_after=search.worth.base_cost
        - search.worth.saving(AS_IT_IS, search.configuration),
        estimated_bytes=sum(pricer.size_bytes(spec) for spec in search.chosen),
        us_per_cost=pricer.us_per_cost(),
        priced=frozenset(query.facts.fingerprint for query in pricer.queries),
        unpriced=pricer.unpriced,
        oracle_calls=pricer.oracle_calls,
        priced_queries=pricer.priced_queries,
    )


def _grow(search: Search, additions: Sequence[Candidate]) -> None:
    """Add, take out and exchange until nothing is gained."""
    while True:
        waiting = [c for c in additions if c.spec not in search.chosen]
        while search.grow(waiting):
            if search.shrink():
                waiting = [c for c in waiting if c.spec not in search.rejected]
            waiting = [c for c in waiting if c.spec not in search.chosen]
        if search.deadline.is_over or not search.exchange(additions):
            return


def _is_for_a_person(candidate: Candidate) -> bool:
    """Tell advice that no oracle can price: how much of a table is new is not in any plan."""
    spec = candidate.spec
    return isinstance(spec, MaterializationSpec) and spec.materialized == "incremental"


def _without_doubles(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Keep one candidate a spec, whoever proposed it first in order of kind and reason."""
    ordered = sorted(candidates, key=lambda c: (repr(c.spec), c.kind, c.reason))
    return list({candidate.spec: candidate for candidate in reversed(ordered)}.values())[::-1]


def _split(
    candidates: Iterable[Candidate], is_first: Callable[[Candidate], bool]
) -> tuple[list[Candidate], list[Candidate]]:
    first: list[Candidate] = []
    rest: list[Candidate] = []
    for candidate in candidates:
        (first if is_first(candidate) else rest).append(candidate)
    return first, rest


def _cut(
    candidates: list[Candidate], pricer: Pricer, budget: Budget
) -> tuple[list[Candidate], list[Candidate]]:
    """Keep the candidates whose queries cost most; drops are few and always kept."""
    cost: dict[str, float] = {}
    for query in pricer.queries:
        weight = pricer.weight(query, AS_IT_IS) * pricer.estimate(query, AS_IT_IS).cost
        name = query.facts.fingerprint
        cost[name] = cost.get(name, 0.0) + weight

    def exposed(candidate: Candidate) -> tuple[bool, float, str]:
        total = sum(cost.get(name, 0.0) for name in sorted(candidate.fingerprints))
        return not isinstance(candidate.spec, DropIndexSpec), -total, repr(candidate.spec)

    ordered = sorted(candidates, key=exposed)
    return ordered[: budget.max_candidates], ordered[budget.max_candidates :]


def _rows(pricer: Pricer) -> Callable[[RelationName], float]:
    def rows(relation: RelationName) -> float:
        own = pricer.own_query(relation)
        return pricer.estimate(own, AS_IT_IS).rows if own is not None else 0.0

    return rows
