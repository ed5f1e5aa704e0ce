"""Which candidates are worth having together, under a budget."""

from collections.abc import Callable, Iterable, Sequence

from dbt_schema_evolve.recommend.as_if import as_if
from dbt_schema_evolve.recommend.cost import AS_IT_IS, CostOracle
from dbt_schema_evolve.recommend.deadline import Deadline
from dbt_schema_evolve.recommend.explanation import advice_for_a_person, explain
from dbt_schema_evolve.recommend.finish import finish, stay
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.recommend.pricing import Pricer
from dbt_schema_evolve.recommend.search import Search
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    ColumnTypeSpec,
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

# Each round ends with an exchange, which taking out what became superfluous can undo: so they end.
MAX_ROUNDS = 4

# A slice of candidates that saves less of the workload is the last one. Slices begin with the
# costliest queries, so that those to come would save less still.
MIN_SLICE_SHARE = 0.01


def silent(text: str) -> None:
    """Hear and forget."""


def select(
    evidence: Evidence,
    candidates: Iterable[Candidate],
    oracle: CostOracle,
    budget: Budget,
    again: Sequence[Propose] = (),
    clock: Callable[[], float] | None = None,
    judge: Judge = TRUSTING,
    say: Callable[[str], None] = silent,
) -> Selection:
    """Choose the changes that save most of the workload's cost per byte.

    The workload's cost is calls times estimated cost over consumers' queries, plus builds times
    estimated cost over the models that store rows, plus what each index costs per build.
    `again` are recommenders that look once more at the evidence as it would be afterwards. `clock`
    counts seconds; by it the budget's time limit is kept, with what was found until then. A change
    is not chosen where `judge` doubts the gain of a query. `say` hears how far the search is.
    """
    deadline = Deadline.after(budget.seconds, clock)
    pricer = Pricer(evidence, oracle)
    search = Search(evidence, pricer, budget, deadline, judge)
    pool = _without_doubles(candidates)
    persons, pool = _split(pool, _is_for_a_person)
    seen = {candidate.spec for candidate in pool}
    drops, additions = _split(pool, lambda c: isinstance(c.spec, DropIndexSpec))
    for look in range(LOOKS):
        search.drop(drops)
        pins, additions = _split(additions, lambda candidate: candidate.is_pinned)
        search.pin(pins)
        _choose(search, _costliest_first(additions, pricer), budget.candidates_at_once, say)
        finish(search, additions, say)
        if evidence.proven:
            stay(search, additions, evidence.proven)
        if look + 1 == LOOKS or not search.chosen:
            break
        changed = as_if(evidence, search.configuration, _rows(pricer), pricer.size_bytes)
        fresh = _without_doubles(c for propose in again for c in propose(changed))
        fresh = [c for c in fresh if not _is_for_a_person(c)]
        known = seen | {spec.index for spec in search.chosen if isinstance(spec, DropIndexSpec)}
        more, additions = _split(
            (c for c in fresh if c.spec not in known), lambda c: isinstance(c.spec, DropIndexSpec)
        )
        # A drop that was refused may be free now that a wider index is there.
        drops += more
        if not drops and not additions:
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


def _choose(
    search: Search,
    candidates: Sequence[Candidate],
    at_once: int,
    say: Callable[[str], None],
) -> None:
    """Look at slices of candidates, as long as there is time and a slice still brings something.

    The first slice is an answer by itself; what the later ones can add gets less and less.
    """
    for start in range(0, len(candidates), at_once):
        before = search.configuration
        search.bound(candidates[start : start + at_once])
        _grow(search, candidates[start : start + at_once])
        left = candidates[start + at_once :]
        say(f"{len(search.chosen)} changes chosen, {len(left):,} candidates to go")
        saved = search.worth.saving(before, search.configuration)
        if left and (search.deadline.is_over or saved < MIN_SLICE_SHARE * search.worth.base_cost):
            reason = (
                "the time was up before it was looked at"
                if search.deadline.is_over
                else f"beyond the {start + at_once:,} candidates of the costliest queries"
            )
            search.rejected |= {each.spec: Rejection(each, reason) for each in left}
            return


def _grow(search: Search, additions: Sequence[Candidate]) -> None:
    """Add, take out and exchange until nothing is gained, or as good as nothing."""
    for _ in range(MAX_ROUNDS):
        waiting = [c for c in additions if c.spec not in search.chosen]
        while search.grow(waiting):
            if search.shrink():
                waiting = [c for c in waiting if c.spec not in search.rejected]
            waiting = [c for c in waiting if c.spec not in search.chosen]
        if search.deadline.is_over or not search.exchange(additions):
            return


def _is_for_a_person(candidate: Candidate) -> bool:
    """Tell advice that no oracle can price: rows that are new, or of another width."""
    spec = candidate.spec
    if isinstance(spec, MaterializationSpec):
        return spec.materialized == "incremental"
    return isinstance(spec, ColumnTypeSpec)


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


def _costliest_first(candidates: Iterable[Candidate], pricer: Pricer) -> list[Candidate]:
    """Order candidates by what their queries cost, which is the most that they could save."""
    cost: dict[str, float] = {}
    for query in pricer.queries:
        name = query.facts.fingerprint
        cost[name] = cost.get(name, 0.0) + pricer.exposure(query)

    def exposed(candidate: Candidate) -> tuple[float, str]:
        total = sum(cost.get(name, 0.0) for name in sorted(candidate.fingerprints))
        return -total, repr(candidate.spec)

    return sorted(candidates, key=exposed)


def _rows(pricer: Pricer) -> Callable[[RelationName], float]:
    def rows(relation: RelationName) -> float:
        own = pricer.own_query(relation)
        return pricer.estimate(own, AS_IT_IS).rows if own is not None else 0.0

    return rows
