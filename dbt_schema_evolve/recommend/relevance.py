"""Which indexes a query could ever use, found by asking about many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.deadline import Deadline
from dbt_schema_evolve.recommend.pricing import Pricer, Query, RefusedQueryError
from dbt_schema_evolve.records.changes import Configuration, IndexSpec, Spec

# A layer of indexes that makes a query cheaper by less is the last one looked at.
MIN_GAIN_RATIO = 0.01
# An index that saves a query less than this share of what the best ones save it is no substitute.
MIN_LAYER_RATIO = 0.1


@dataclass(frozen=True, slots=True)
class Relevance:
    """What indexes could do for one query; costs are per execution."""

    least_cost: float  # with every index there
    gains: Mapping[Spec, float]  # by index: what its layer and those below save


def learn_relevance(
    pricer: Pricer, specs: Sequence[IndexSpec], before: Configuration, deadline: Deadline
) -> dict[int, Relevance]:
    """Tell the pricer which indexes each query ignores; return what the others could do for it.

    A planner that has more indexes to choose from finds no dearer plan. So a query is priced with
    all of them, then without those that its plan used, and so on until nothing is gained: an index
    that no layer used is of no use to the query alone, nor beside others that no layer used. It
    takes a price a layer, where one a pair of query and index would be asked otherwise.
    """
    found: dict[int, Relevance] = {}
    everything = frozenset(specs)
    for query in sorted(pricer.queries, key=lambda query: -pricer.exposure(query)):
        if deadline.is_over:
            break
        pool = pricer.noticed(query, everything)
        if not pool or not pricer.weight(query, before):
            continue
        try:
            relevance = _layers(pricer, query, pool, before)
        except (OracleError, RefusedQueryError):
            continue
        found[query.number] = relevance
        pricer.ignore(query, pool - relevance.gains.keys())
    return found


def _layers(pricer: Pricer, query: Query, pool: Configuration, before: Configuration) -> Relevance:
    base = least = pricer.estimate(query, before).cost
    gains: dict[Spec, float] = {}
    while rest := pool - gains.keys():
        estimate = pricer.estimate(query, before | rest)
        least = min(least, estimate.cost)
        gain = base - estimate.cost
        if gain < max(MIN_GAIN_RATIO * base, MIN_LAYER_RATIO * (base - least)):
            break
        # Where an oracle does not say what it used, anything may be behind the gain.
        used = frozenset(spec for spec in estimate.used if spec in rest)
        gains.update(dict.fromkeys(used or rest, gain))
    return Relevance(least, gains)
