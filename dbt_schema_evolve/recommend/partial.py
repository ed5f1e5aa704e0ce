"""Indexes of the rows that are asked for: a constant that most queries share, or no NULLs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dbt_schema_evolve.recommend.access import NOT_NULL, NULL, Access, Condition, Demand
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table, distinct_values
from dbt_schema_evolve.records.relations import quoted

# A predicate that half of the calls share is part of what the columns are used for.
DOMINANT_SHARE = 0.5

# A partial index has to be half as large as the full one, or the full one, which serves
# every query, is the better use of nearly the same bytes.
MAX_PARTIAL_SHARE = 0.5

# A constant that keeps less is one value of many, such as a customer's number: it will be another
# tomorrow, and may be personal. Status and type columns have some dozens of values.
MIN_PARTIAL_SHARE = 0.01

# Conditions of one access that become partial indexes, those that keep least first: alone and
# together they are three variants of a shape, with one more they would be seven.
MOST_CONDITIONS = 2


@dataclass(frozen=True, slots=True)
class Dominance:
    """Which conditions most calls share among those that could start an index with a term."""

    calls: Mapping[str, int]  # by the leading term
    sharing: Mapping[tuple[str, Condition], int]

    @classmethod
    def of(cls, demands: Iterable[tuple[Demand, Sequence[Shape]]]) -> "Dominance":
        """Count over demands, each with the shapes that could serve it."""
        calls: dict[str, int] = defaultdict(int)
        sharing: dict[tuple[str, Condition], int] = defaultdict(int)
        for demand, shapes in demands:
            count = sum(query.calls for query in demand.queries)
            for term in {shape.spec.keys[0].term for shape in shapes}:
                calls[term] += count
                for condition in demand.access.conditions:
                    sharing[term, condition] += count
        return cls(calls, sharing)

    def has(self, term: str, condition: Condition) -> bool:
        """Tell whether a condition is dominant for indexes that start with a term."""
        return self.sharing.get((term, condition), 0) >= DOMINANT_SHARE * self.calls.get(term, 1)


def partials(shape: Shape, access: Access, table: Table, dominance: Dominance) -> Iterator[Shape]:
    """Yield a shape for the rows of each dominant condition, and for those of all together."""
    shares = {each: share for each in access.conditions if (share := kept(each, table))}
    found = [each for each in shares if (lead := _lead(shape, each)) and dominance.has(lead, each)]
    found = sorted(found, key=lambda each: (shares[each], each))[:MOST_CONDITIONS]
    for condition in found:
        yield from _partial(shape, (condition,))
    if len(found) > 1:
        yield from _partial(shape, tuple(sorted(found)))


def without_nulls(shape: Shape, access: Access, table: Table) -> Iterator[Shape]:
    """Yield the variant for a first key that is mostly NULL and that a predicate compares.

    A predicate that no NULL passes implies IS NOT NULL; a sort order does not.
    """
    key = shape.spec.keys[0]
    profile = table.columns.get(key.term)
    nulls = profile.null_ratio or 0.0 if profile is not None else 0.0
    if key.is_expression or key.term not in access.strict or nulls < MAX_PARTIAL_SHARE:
        return
    spec = replace(shape.spec, where=f"{quoted(key.term)} is not null")
    yield Shape(spec, f"{shape.reason}; {key.term} is NULL in {100 * nulls:.0f} % of the rows")


def kept(condition: Condition, table: Table) -> float:
    """Return the share of the rows that a condition keeps; zero where that is no use.

    It has to leave out enough, and must not be one value of very many.
    """
    profile = table.columns.get(condition.column)
    nulls = profile.null_ratio if profile is not None else None
    if condition.operator == "is":
        if nulls is None or condition.constant not in {NULL, NOT_NULL}:
            return 0.0
        return _useful(nulls if condition.constant == NULL else 1.0 - nulls)
    if condition.operator not in {"=", "in"}:
        return MAX_PARTIAL_SHARE  # how many rows a range keeps is for the planner to say
    distinct = distinct_values(profile, table.rows)
    if distinct is None or 1 / distinct < MIN_PARTIAL_SHARE:
        return 0.0
    values = condition.constant.count(",") + 1 if condition.operator == "in" else 1
    return _useful(values / distinct)


def _useful(share: float) -> float:
    return share if MIN_PARTIAL_SHARE <= share <= MAX_PARTIAL_SHARE else 0.0


def _lead(shape: Shape, condition: Condition) -> str:
    """Return what an index starts with once a condition's own column is left out."""
    terms = (key.term for key in shape.spec.keys if key.term != condition.column)
    return next(terms, "")


def _partial(shape: Shape, conditions: tuple[Condition, ...]) -> Iterator[Shape]:
    # The column of `= constant` says nothing more within the index; a list or a range still does.
    fixed = {each.column for each in conditions if each.operator in {"=", "is"}}
    ranged = {each.column for each in conditions if each.constant == NOT_NULL}
    keys = tuple(key for key in shape.spec.keys if key.term not in fixed - ranged)
    if not keys or shape.spec.where or shape.spec.method != "btree":
        return
    where = " and ".join(each.where for each in conditions)
    include = tuple(column for column in shape.spec.include if column not in fixed - ranged)
    spec = replace(shape.spec, keys=keys, include=include, where=where)
    asked = where.replace('"', "")
    yield Shape(spec, f"{shape.reason}; only rows where {asked} are asked for")
