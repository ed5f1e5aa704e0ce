"""What an expression's values look like, by evaluating it on the values that statistics list."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.sizes.dependence import TypedColumn
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import quoted

_WHOLE = 0.5  # of a value's text: what is shorter is a part, such as a field of a document
_VALUES = """
select ({term})::text, pg_typeof({term})::text
from (select u.value::{type} as {column} from unnest(%s::text[]) as u (value)) as known
order by ({term})
"""


def unseen_distinct(counts: Counter[str], most: float) -> float:
    """Estimate how many values there are from how often each was met in a sample.

    Chao (1984) counts the unseen by once² / (2 twice). If nothing was met twice, all may differ.
    """
    occurrences = Counter(counts.values())
    once, twice = occurrences[1], occurrences[2]
    if once == len(counts):
        return most
    unseen = once * once / (2 * twice) if twice else 0.0
    return min(len(counts) + unseen, most)


def expression_column(
    connection: psycopg.Connection[Any], term: str, columns: Mapping[str, TypedColumn]
) -> TypedColumn | None:
    """Return what is known of an expression of one column; None where that is nothing."""
    named = [name for name in columns if re.search(rf"\b{re.escape(name)}\b", term)]
    if len(named) != 1:
        return None
    base = columns[named[0]]
    statistics = base.statistics
    known = (*(statistics.most_common_values or ()), *(statistics.histogram_bounds or ()))
    query = _VALUES.format(
        term=term.replace("%", "%%"),
        type=base.type.replace("%", "%%"),
        column=quoted(named[0]).replace("%", "%%"),
    )
    try:
        with connection.transaction():
            found = connection.execute(query.encode(), (list(known),)).fetchall()
    except psycopg.Error:
        if connection.broken:
            raise
        return None
    values = [value for value, _ in found if value is not None]
    if not values:
        return None
    present = (1 - statistics.null_fraction) * len(values) / len(found)
    distinct = unseen_distinct(Counter(values), _most(known, values, base.distinct))
    return TypedColumn(
        ColumnStatistics(term, False, 1 - present, 0, distinct, histogram_bounds=tuple(values)),
        found[0][1],
        base.rows,
    )


def _most(known: Sequence[str], values: Sequence[str], distinct: float) -> float:
    """How many values there are if no two of the sample are equal.

    A part of a value does not tell it apart as the whole does. All of n draws are likely to
    differ from where there are n² / 2 values on.
    """
    kept = fmean(map(len, values)) / max(fmean(map(len, known)), 1.0)
    return distinct if kept > _WHOLE else min(distinct, len(values) ** 2 / 2)
