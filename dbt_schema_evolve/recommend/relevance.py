"""Which indexes a query could ever use, found by asking about many at once."""

from collections.abc import Sequence

from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.pricing import Pricer, Query, RefusedQueryError
from dbt_schema_evolve.records.changes import Configuration, IndexSpec

# A layer of indexes that makes a query cheaper by less is the last one looked at.
MIN_GAIN_RATIO = 0.01


def learn_relevance(
    pricer: Pricer, specs: Sequence[IndexSpec], before: Configuration
) -> dict[int, float]:
    """Tell the pricer which indexes each query ignores; return what all together save, by query.

    A planner that has more indexes to choose from finds no dearer plan. So a query is priced with
    all of them, then without those that its plan used, and so on until nothing is gained: an index
    that no layer used is of no use to the query alone, nor beside others that no layer used. It
    takes a price a layer, where one a pair of query and index would be asked otherwise.
    """
    gains: dict[int, float] = {}
    everything = frozenset(specs)
    for query in pricer.queries:
        weight = pricer.weight(query, before)
        pool = pricer.noticed(query, everything)
        if not pool or not weight:
            continue
        try:
            saved, useful = _layers(pricer, query, pool, before)
        except (OracleError, RefusedQueryError):
            continue
        gains[query.number] = weight * saved
        pricer.ignore(query, pool - useful)
    return gains


def _layers(
    pricer: Pricer, query: Query, pool: Configuration, before: Configuration
) -> tuple[float, Configuration]:
    base = pricer.estimate(query, before).cost
    saved, useful = 0.0, frozenset[IndexSpec]()
    while rest := pool - useful:
        estimate = pricer.estimate(query, before | rest)
        if not useful:
            saved = max(base - estimate.cost, 0.0)
        if base - estimate.cost < MIN_GAIN_RATIO * base:
            break
        # Where an oracle does not say what it used, anything may be behind the gain.
        useful |= (estimate.used & rest) or rest
    return saved, useful
