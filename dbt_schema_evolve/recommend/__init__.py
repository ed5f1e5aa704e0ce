"""Evidence -> Candidate -> Recommendation: one file a kind of change."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from dbt_schema_evolve.recommend import column_type, index, materialization, redundant_index
from dbt_schema_evolve.recommend.cost import CostOracle
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.recommend.selection import select, silent
from dbt_schema_evolve.recommend.skew import notices
from dbt_schema_evolve.recommend.wishes import forbidden, heeding, pinned
from dbt_schema_evolve.records.changes import Budget, Candidate, Selection
from dbt_schema_evolve.records.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Recommender:
    """A kind of change and the function that proposes it; its docstring is its docs page."""

    kind: str
    propose: Callable[[Evidence], Iterator[Candidate]]


RECOMMENDERS: tuple[Recommender, ...] = (
    Recommender("materialization", materialization.propose),
    Recommender("index", index.propose),
    Recommender("redundant_index", redundant_index.propose),
    Recommender("column_type", column_type.propose),
)


def recommend(
    evidence: Evidence,
    oracle: CostOracle,
    budget: Budget,
    only: Collection[str] = (),
    recommenders: tuple[Recommender, ...] = RECOMMENDERS,
    clock: Callable[[], float] | None = None,
    judge: Judge = TRUSTING,
    say: Callable[[str], None] = silent,
) -> Selection:
    """Propose changes of all kinds, or of some, and choose among them together.

    `clock` counts seconds, for the budget's time limit; `judge` knows how estimates turned out;
    `say` hears how far the search is.
    """
    active = [each for each in recommenders if not only or each.kind in only]
    wishes = evidence.wishes
    proposed = [candidate for each in active for candidate in each.propose(evidence)]
    refused = forbidden(wishes, proposed)
    against = {rejection.candidate for rejection in refused}
    candidates = [candidate for candidate in proposed if candidate not in against]
    if not only or "index" in only:
        candidates += pinned(evidence)
    # A new table wants indexes, and a new index makes others redundant; that a changed
    # materialization should change again would be a circle.
    again = [heeding(wishes, each.propose) for each in active if each.kind != "materialization"]
    selection = select(evidence, candidates, oracle, budget, again, clock, judge, say)
    told = () if only else notices(evidence)
    return replace(selection, rejected=(*selection.rejected, *refused), notices=told)
