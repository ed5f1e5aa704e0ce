"""What the whole workload costs under a configuration, asking the oracle as little as possible."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from dbt_schema_evolve.recommend.access import all_queries
from dbt_schema_evolve.recommend.cost import AS_IT_IS, CostOracle, Estimate, Unpriced
from dbt_schema_evolve.recommend.ownership import STORED
from dbt_schema_evolve.recommend.upkeep import table_write_cost
from dbt_schema_evolve.records.changes import (
    ColumnTypeSpec,
    Configuration,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Spec,
)
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

# Where nothing of the window could be measured: the median over ten shapes of query, from count(*)
# to a hash join, on 0.1 and 1 million rows in memory under Postgres 18 (3.0 to 13.5).
DEFAULT_US_PER_COST = 4.0


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the workload with what decides whether a spec can change its price."""

    number: int
    facts: QueryFacts
    relations: frozenset[RelationName]  # it reads or executes them, views expanded
    used: Mapping[RelationName, frozenset[str]]  # columns; a relation without any may use all
    builds: RelationName | None  # the relation that it fills, where it is a model's own


class Pricer:
    """Prices the workload under configurations and remembers every answer.

    A query's price depends on the specs that it could notice, so that is the cache's key: a new
    index on one table asks about the queries that read one of its columns, and about no other.
    """

    def __init__(self, evidence: Evidence, oracle: CostOracle) -> None:
        self._oracle = oracle
        self._nodes = dict(evidence.models)
        relations = {node.unique_id: name for name, node in evidence.models.items()}
        self.queries = tuple(
            _query(number, draw, relations)
            for number, draw in enumerate(
                draw for facts in all_queries(evidence) for draw in facts.each_draw()
            )
        )
        self._own = {query.builds: query for query in self.queries if query.builds is not None}
        self._by_relation: dict[RelationName, list[Query]] = defaultdict(list)
        for query in self.queries:
            for relation in query.relations:
                self._by_relation[relation].append(query)
        self._answers: dict[int, dict[Configuration, Estimate | Unpriced]] = defaultdict(dict)
        self._ignored: dict[int, Configuration] = {}  # by query: specs that cannot change its price
        self._sizes: dict[Spec, int] = {}
        self._last: tuple[Configuration, dict[RelationName, list[Spec]]] = AS_IT_IS, {}
        self.oracle_calls = 0
        self.priced_queries = 0
        self.unpriced: tuple[Skip, ...] = ()
        self._price_as_it_is()

    def estimate(self, query: Query, configuration: Configuration) -> Estimate:
        """Return one query's estimate."""
        return self.estimates((query,), configuration)[0]

    def estimates(
        self, queries: Sequence[Query], configuration: Configuration
    ) -> tuple[Estimate, ...]:
        """Price queries under a configuration, those that are new in one question.

        A query that the planner takes as it is but not under the configuration raises
        RefusedQueryError.
        """
        keys = [self.noticed(query, configuration) for query in queries]
        answers: list[Estimate | Unpriced | None] = [
            self._known(query, key) for query, key in zip(queries, keys, strict=True)
        ]
        missing = [n for n, answer in enumerate(answers) if answer is None]
        if missing:
            asked = [queries[n].facts.sql for n in missing]
            # The smallest configuration that gives the same answers: cheaper to set up.
            needed = frozenset().union(*(keys[n] for n in missing))
            self.oracle_calls += 1
            self.priced_queries += len(asked)
            for n, given in zip(missing, self._oracle.price(asked, needed), strict=True):
                self._answers[queries[n].number][keys[n]] = answers[n] = given
        found = []
        for query, answer in zip(queries, answers, strict=True):
            assert answer is not None  # noqa: S101 - the oracle answers every question
            if isinstance(answer, Unpriced):
                raise RefusedQueryError(query, answer)
            found.append(answer)
        return tuple(found)

    def _known(self, query: Query, key: Configuration) -> Estimate | Unpriced | None:
        """Return an answer that was given, or that follows from one that was.

        A plan that uses none of the indexes that are missing now is still the cheapest: without
        them the planner has the less to choose from.
        """
        given = self._answers[query.number]
        if key in given:
            return given[key]
        for wider, answer in given.items():
            if not key < wider or isinstance(answer, Unpriced) or not answer.used <= key:
                continue
            if all(isinstance(spec, IndexSpec) for spec in wider - key):
                given[key] = answer
                return answer
        return None

    def plans(self, query: Query, beside: Configuration) -> Iterator[Estimate]:
        """Yield the plans of a query that were priced beside other changes."""
        others = self.noticed(query, beside)
        for configuration, answer in list(self._answers[query.number].items()):
            there = (spec for spec in configuration if not isinstance(spec, IndexSpec))
            if isinstance(answer, Estimate) and others == frozenset(there):
                yield answer

    def ignore(self, query: Query, specs: Configuration) -> None:
        """Take it that these specs cannot change a query's price."""
        self._ignored[query.number] = self._ignored.get(query.number, AS_IT_IS) | specs

    def heed_everything(self) -> None:
        """Forget what queries ignore: they read other relations now."""
        self._ignored.clear()

    def noticed(self, query: Query, configuration: Configuration) -> Configuration:
        """Return the specs of a configuration that could change a query's price."""
        if not configuration:
            return configuration
        reach, inlined = self._reach(query, configuration)
        grouped = self._grouped(configuration)
        ignored = AS_IT_IS if inlined else self._ignored.get(query.number, AS_IT_IS)
        return frozenset(
            spec
            for relation in reach & grouped.keys()
            for spec in grouped[relation]
            if spec not in ignored and _notices(query, spec, anything=inlined)
        )

    def affected(self, spec: Spec, configuration: Configuration) -> tuple[Query, ...]:
        """Return the queries whose price or weight a spec could change, given the others."""
        extended = configuration | {spec}
        if any(isinstance(each, MaterializationSpec) for each in extended):
            pool: Iterable[Query] = self.queries
        else:
            pool = self._by_relation.get(spec.relation, ())
        own = self._own.get(spec.relation) if isinstance(spec, MaterializationSpec) else None
        return tuple(
            query for query in pool if query is own or spec in self.noticed(query, extended)
        )

    def runs(self, query: Query, configuration: Configuration) -> int:
        """Return how often a query runs: a model's own only where its rows are stored."""
        if query.facts.node_id is None:
            return query.facts.calls
        return query.facts.calls if self.is_stored(query, configuration) else 0

    def weight(self, query: Query, configuration: Configuration) -> float:
        """Return how much a query counts: its runs, those that will be slower for more."""
        return self.runs(query, configuration) * query.facts.predicted_ratio

    def is_stored(self, query: Query, configuration: Configuration) -> bool:
        """Tell whether a model's rows are stored under a configuration."""
        for spec in configuration:
            if isinstance(spec, MaterializationSpec) and spec.relation == query.builds:
                return spec.materialized in STORED
        node = self._nodes.get(query.builds) if query.builds is not None else None
        return node is not None and node.materialized in STORED

    def weighted_cost(self, queries: Sequence[Query], configuration: Configuration) -> float:
        """Add up what queries cost in the window; builds include writing their rows."""
        live = [query for query in queries if self.weight(query, configuration)]
        total = 0.0
        for query, estimate in zip(live, self.estimates(live, configuration), strict=True):
            cost = estimate.cost
            if query.builds is not None:
                cost += table_write_cost(estimate.rows, estimate.width_bytes)
            total += self.weight(query, configuration) * cost
        return total

    def readers(self, relation: RelationName) -> Sequence[Query]:
        """Return the queries that read or execute a relation."""
        return self._by_relation.get(relation, ())

    def exposure(self, query: Query) -> float:
        """Return what a query costs in the window as it is: the most that a change can save."""
        return self.weight(query, AS_IT_IS) * self.estimate(query, AS_IT_IS).cost

    def size_bytes(self, spec: Spec) -> int:
        """Return a spec's extra bytes, asking once."""
        if spec not in self._sizes:
            self._sizes[spec] = self._oracle.size_bytes(spec)
        return self._sizes[spec]

    def own_query(self, relation: RelationName) -> Query | None:
        """Return the query that fills or defines a model's relation."""
        return self._own.get(relation)

    def us_per_cost(self) -> float:
        """Return the microseconds that one unit of the planner's cost took in this window.

        The median over the consumers' queries of measured time per call over estimated cost; a
        median, because one query that waits for locks would move a mean by orders of magnitude.
        What changes rows is left out: the planner has no price for writing them.
        """
        asked = (q for q in self.queries if q.facts.node_id is None and not q.facts.uses.writes)
        ratios = [
            query.facts.total_us / query.facts.calls / self.estimate(query, AS_IT_IS).cost
            for query in asked
            if query.facts.calls and query.facts.total_us
        ]
        return median(ratios) if ratios else DEFAULT_US_PER_COST

    def _price_as_it_is(self) -> None:
        """Price everything once, and leave out what the planner refuses."""
        refused: dict[int, str] = {}
        if self.queries:
            self.oracle_calls += 1
            self.priced_queries += len(self.queries)
            answers = self._oracle.price([query.facts.sql for query in self.queries], AS_IT_IS)
            for query, answer in zip(self.queries, answers, strict=True):
                self._answers[query.number][AS_IT_IS] = answer
                if isinstance(answer, Unpriced):
                    refused[query.number] = answer.reason
                elif answer.cost <= 0:
                    refused[query.number] = "the planner puts its cost at zero"
        skips = (
            Skip(query.facts.fingerprint, refused[query.number])
            for query in self.queries
            if query.number in refused
        )
        self.unpriced = tuple(dict.fromkeys(skips))  # the draws of one query fail alike
        self.queries = tuple(query for query in self.queries if query.number not in refused)
        for relation, readers in self._by_relation.items():
            self._by_relation[relation] = [q for q in readers if q.number not in refused]
        self._own = {name: q for name, q in self._own.items() if q.number not in refused}

    def _grouped(self, configuration: Configuration) -> dict[RelationName, list[Spec]]:
        """Group a configuration by relation, once for all queries that are asked about it."""
        if configuration != self._last[0]:
            grouped: dict[RelationName, list[Spec]] = defaultdict(list)
            for spec in configuration:
                grouped[spec.relation].append(spec)
            self._last = configuration, dict(grouped)
        return self._last[1]

    def _reach(
        self, query: Query, configuration: Configuration
    ) -> tuple[frozenset[RelationName], bool]:
        """Return the relations behind a query, and whether a table among them became a view."""
        reach, inlined = query.relations, False
        turned = {
            relation
            for relation, specs in self._grouped(configuration).items()
            for spec in specs
            if isinstance(spec, MaterializationSpec) and spec.materialized not in STORED
        }
        while found := turned & reach:
            turned -= found
            for relation in found:
                own = self._own.get(relation)
                if own is not None and own is not query:
                    reach, inlined = reach | own.relations, True
        return reach, inlined


class RefusedQueryError(Exception):
    """The planner refused, under a configuration, a query that it takes without."""

    def __init__(self, query: Query, answer: Unpriced) -> None:
        super().__init__(f"{query.facts.fingerprint}: {answer.reason}")


def _query(number: int, facts: QueryFacts, relations: Mapping[str, RelationName]) -> Query:
    used: dict[RelationName, set[str]] = defaultdict(set)
    for use in facts.uses.uses:
        used[use.column.relation].add(use.column.column)
    return Query(
        number=number,
        facts=facts,
        relations=facts.uses.reads | facts.uses.base_relations | facts.uses.views,
        used={relation: frozenset(columns) for relation, columns in used.items()},
        builds=relations.get(facts.node_id) if facts.node_id is not None else None,
    )


def _notices(query: Query, spec: Spec, *, anything: bool) -> bool:
    """Tell whether a spec of a relation behind a query could change the query's price."""
    if isinstance(spec, MaterializationSpec | ColumnTypeSpec):
        return True
    index = spec.index if isinstance(spec, DropIndexSpec) else spec
    used = query.used.get(spec.relation)
    if anything or not used:
        return True
    return any(key.is_expression or key.term in used for key in index.keys) or any(
        column in used for column in index.include
    )


def conflicts(spec: Spec, others: Iterable[Spec]) -> bool:
    """Tell whether a spec cannot stand beside others: two states of one relation or index."""
    return any(
        _exclude(spec, other) or _exclude(other, spec)
        for other in others
        if other.relation == spec.relation and other != spec
    )


def _exclude(spec: Spec, other: Spec) -> bool:
    if isinstance(spec, MaterializationSpec):
        becomes_view = spec.materialized not in STORED
        return isinstance(other, MaterializationSpec) or becomes_view
    return isinstance(spec, DropIndexSpec) and spec.index == other
