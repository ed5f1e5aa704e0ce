"""What queries do with the columns of each relation: the raw material of index candidates."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexKey
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.relations import RelationName, quoted
from dbt_schema_evolve.records.workload import ColumnUse, UseKind

NULL, NOT_NULL = "null", "not null"  # constants by which lineage marks IS NULL and IS NOT NULL

_BOUNDS = frozenset({"<", "<=", ">", ">="})
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True, order=True)
class Search:
    """A predicate or an order that only GIN or GiST can serve."""

    key: IndexKey
    kind: UseKind  # PATTERN, CONTAINMENT, or ORDER for the nearest neighbours
    operator: str
    constant: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """A predicate on one column with constants only, so that an index could leave rows out."""

    column: str
    operator: str  # `=`, `in`, `is`, or one of `< <= > >=`
    constant: str  # SQL; a list in parentheses after `in`; `null` or `not null` after `is`

    @property
    def where(self) -> str:
        """The predicate as an index would have it."""
        return f"{quoted(self.column)} {self.operator} {self.constant}"


@dataclass(frozen=True, slots=True)
class Access:
    """One way of using one relation; keys are in the order in which they help."""

    relation: RelationName
    equality: tuple[IndexKey, ...]  # most selective first
    one_of: tuple[IndexKey, ...]  # IN lists
    ranges: tuple[IndexKey, ...]
    prefixes: tuple[IndexKey, ...]  # LIKE 'x%'
    joins: tuple[IndexKey, ...]  # most selective first
    groups: tuple[IndexKey, ...]
    order: tuple[IndexKey, ...]  # the leading ORDER BY terms that come from this relation
    searches: tuple[Search, ...]
    used: frozenset[str]  # every column that the query needs
    conditions: tuple[Condition, ...]
    strict: frozenset[str]  # terms of predicates that no NULL passes


@dataclass(frozen=True, slots=True)
class Demand:
    """An access and the queries that make it."""

    access: Access
    queries: tuple[QueryFacts, ...]


def demands(evidence: Evidence) -> dict[RelationName, tuple[Table, tuple[Demand, ...]]]:
    """Group the uses of all queries by stored relation and by what they do with it."""
    found: dict[RelationName, dict[Access, list[QueryFacts]]] = {}
    tables: dict[RelationName, Table] = {}
    for query in all_queries(evidence):
        by_relation: dict[RelationName, list[ColumnUse]] = defaultdict(list)
        for use in query.uses.uses:
            by_relation[use.column.relation].append(use)
        for relation, uses in by_relation.items():
            profile = evidence.relations.get(relation)
            if profile is None or not profile.kind.stores_rows:
                continue
            if relation not in tables:
                tables[relation] = Table.of(evidence, profile)
                found[relation] = defaultdict(list)
            order = _leading_order(query, relation)
            found[relation][_access(tables[relation], uses, order)].append(query)
    return {
        relation: (
            tables[relation],
            tuple(Demand(access, tuple(queries)) for access, queries in found[relation].items()),
        )
        for relation in sorted(found)
    }


def all_queries(evidence: Evidence) -> tuple[QueryFacts, ...]:
    """Consumers' queries and models' own, in an order that does not depend on how they came."""
    return tuple(
        sorted(
            (*evidence.queries, *evidence.model_queries),
            key=lambda query: (query.fingerprint, query.node_id or "", query.sql),
        )
    )


def _access(table: Table, uses: Iterable[ColumnUse], order: tuple[IndexKey, ...]) -> Access:
    of: dict[UseKind, set[IndexKey]] = defaultdict(set)
    groups: set[tuple[int, IndexKey]] = set()
    searches: set[Search] = set()
    conditions: set[Condition] = set()
    strict: set[str] = set()
    used: set[str] = set()
    for use in uses:
        used.add(use.column.column)
        key = _key(use)
        kind = _kind(use)
        if kind is UseKind.GROUP:
            groups.add((use.position, key))
        elif kind in {UseKind.PATTERN, UseKind.CONTAINMENT} or (
            kind is UseKind.ORDER and use.operator
        ):
            searches.add(Search(key, kind, use.operator, use.constant))
        else:
            of[kind].add(key)
            if kind in _COMPARING and use.constant != NULL:
                strict.add(key.term)
        condition = None if use.expression else _condition(use, kind)
        if condition is not None:
            conditions.add(condition)
    return Access(
        relation=table.name,
        equality=table.by_selectivity(of[UseKind.EQUALITY]),
        one_of=table.by_selectivity(of[UseKind.ONE_OF] - of[UseKind.EQUALITY]),
        ranges=table.by_selectivity(of[UseKind.RANGE]),
        prefixes=table.by_selectivity(of[UseKind.PREFIX]),
        joins=table.by_selectivity(of[UseKind.JOIN]),
        groups=tuple(dict.fromkeys(key for _, key in sorted(groups))),
        order=order,
        searches=tuple(sorted(searches)),
        used=frozenset(used),
        conditions=tuple(sorted(conditions)),
        strict=frozenset(strict),
    )


_COMPARING = frozenset(
    {UseKind.EQUALITY, UseKind.ONE_OF, UseKind.RANGE, UseKind.PREFIX, UseKind.JOIN}
)


def _key(use: ColumnUse) -> IndexKey:
    if use.expression:
        return IndexKey(use.expression, is_expression=True)
    return IndexKey(use.column.column)


def _kind(use: ColumnUse) -> UseKind:
    """Return a use's kind; LIKE 'x%' was a range to older lineage."""
    if use.kind is UseKind.RANGE and use.constant.endswith("%'"):
        return UseKind.PREFIX
    return use.kind


def _condition(use: ColumnUse, kind: UseKind) -> Condition | None:
    column, constant = use.column.column, use.constant
    if constant == NOT_NULL or (kind is UseKind.EQUALITY and constant == NULL):
        return Condition(column, "is", constant)
    if kind is UseKind.EQUALITY and constant:
        return Condition(column, "=", constant)
    if kind is UseKind.ONE_OF and constant.startswith("("):
        return Condition(column, "in", constant)
    # A number is a rule of the business, such as `quantity > 0`; a date is another tomorrow.
    if kind is UseKind.RANGE and use.operator in _BOUNDS and _NUMBER.fullmatch(constant):
        return Condition(column, use.operator, constant)
    return None


def _leading_order(query: QueryFacts, relation: RelationName) -> tuple[IndexKey, ...]:
    """Return the terms an index of this relation could sort by.

    They end at the first ORDER BY term of another relation. A btree reads backwards, so only
    the directions relative to the first term matter; the first is kept ascending.
    """
    terms = sorted(
        {
            (use.position, use.column, use.descending, use.expression, use.operator)
            for use in query.uses.uses
            if use.kind is UseKind.ORDER
        }
    )
    keys: dict[str, IndexKey] = {}
    for _, column, descending, expression, operator in terms:
        if column.relation != relation or operator:
            break
        turned = descending != terms[0][2]
        # NULLs sort as the largest values: first when descending, unless the query says otherwise.
        term = expression or column.column
        key = IndexKey(term, bool(expression), descending=turned, nulls_first=turned)
        keys.setdefault(term, key)
    return tuple(keys.values())
