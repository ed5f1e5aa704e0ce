"""What equalities of columns imply: of `a.x = b.x and b.x = 5`, that a.x is 5, too.

The planner draws the same conclusions, so an index on a.x serves a query that names only b.x.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbt_schema_evolve.lineage.sql.rows import Found


@dataclass(frozen=True, slots=True)
class Equality:
    """A column that equals another one, or else a constant, in every row that is left."""

    one: Found
    other: Found | None = None
    constant: str = ""  # as `conditions.constant` spells it: empty for `$1`
    optional: frozenset[object] = frozenset()  # stands in ON of a join that may leave these empty


def implied(equalities: Iterable[Equality]) -> Iterator[tuple[Found, str]]:
    """Yield the columns that must equal a constant though nobody compares them with one."""
    known: dict[object, str] = {}
    follows: dict[object, list[Found]] = defaultdict(list)
    for equality in equalities:
        if equality.other is not None:
            for source, target in (
                (equality.one, equality.other),
                (equality.other, equality.one),
            ):
                if _is_bound(source, target, equality.optional):
                    follows[_key(source)].append(target)
        elif not equality.optional:
            known.setdefault(_key(equality.one), equality.constant)
    waiting = list(known)
    while waiting:
        key = waiting.pop()
        for target in follows[key]:
            if _key(target) not in known:
                known[_key(target)] = known[key]
                waiting.append(_key(target))
                yield target, known[key]


def _is_bound(source: Found, target: Found, optional: frozenset[object]) -> bool:
    """Whether a value of one column decides which rows of the other are looked at.

    ON of an outer join says nothing of the side that is kept whole.
    """
    return not optional or (target.item in optional and source.item not in optional)


def _key(found: Found) -> object:
    return found.item, found.output.name
