"""How often the elements of a column occur that a GIN index would list: parts, words, trigrams.

Statistics know the common elements of arrays and text search vectors. For all else the values
that statistics list, a hundred or so, are taken apart as the operator class would.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.sizes.expressions import unseen_distinct
from dbt_schema_evolve.backends.twin.sizes.gin import Elements
from dbt_schema_evolve.records.catalog import ColumnStatistics

Connection = psycopg.Connection[Any]

_UNKNOWN_ELEMENTS, _UNKNOWN_BYTES = 8.0, 8.0
_COMMON = 3  # seen as often as this in the known values, an element's frequency is believed
_LEXEME_BYTES = 8  # a text search vector has an entry, and a position, beside each word

_JSON_NODES = """
    with recursive nodes (path, value) as (
        select '', {value}::jsonb
        union all
        select nodes.path || '/' || coalesce(part.key, ''), part.value
        from nodes, lateral (
            select key, value from jsonb_each(
                case when jsonb_typeof(nodes.value) = 'object' then nodes.value end
            )
            union all
            select null, value from jsonb_array_elements(
                case when jsonb_typeof(nodes.value) = 'array' then nodes.value end
            )
        ) as part
    )
"""
_SCALARS = "jsonb_typeof(value) not in ('object', 'array')"
_PARTS = {
    "array_ops": "select e::text, pg_column_size(row(e)) - 24 from unnest({value}::{type}) as e",
    "tsvector_ops": "select e, octet_length(e) + 1 from unnest(tsvector_to_array({value})) as e",
    "gin_trgm_ops": "select e, 4 from unnest({schema}show_trgm({value}::text)) as e",
    "jsonb_ops": _JSON_NODES + "select 'k' || part, octet_length(part) + 2 from nodes,"
    " jsonb_object_keys(case when jsonb_typeof(value) = 'object' then value end) as part"
    " union all select 'v' || (value #>> '{{}}'), octet_length(value #>> '{{}}') + 2"
    f" from nodes where {_SCALARS}",
    "jsonb_path_ops": _JSON_NODES
    + f"select path || '=' || (value #>> '{{{{}}}}'), 4 from nodes where {_SCALARS}",
}
_COUNT = """
select part, count(*), max(size)
from (
    select distinct position, part, size
    from unnest(%s::text[]) with ordinality as u (known, position),
        lateral ({}) as parts (part, size)
) as found
group by part
"""


def elements_of(
    connection: Connection,
    statistics: ColumnStatistics,
    kind: str,
    operator_class: str,
    rows: float,
) -> tuple[Elements, ...]:
    """Return the elements of a column of this many rows, in classes of equal frequency."""
    known = (*(statistics.histogram_bounds or ()), *(statistics.most_common_values or ()))
    parts = _parts(connection, known, kind, operator_class)
    common = dict(
        zip(
            statistics.most_common_elements or (),
            statistics.most_common_element_frequencies or (),
            strict=False,  # frequencies end in their smallest, their largest and that of null
        )
    )
    if common:
        return _by_statistics(statistics, common, parts, len(known), rows)
    if parts:
        return (*_common(parts, len(known), rows), *_rare(parts, len(known), rows))
    pairs = rows * _UNKNOWN_ELEMENTS
    return (Elements(1.0, max(1.0, pairs), _UNKNOWN_BYTES),) if rows else ()


Parts = Sequence[tuple[str, int, int]]
"""An element, in how many of the known values it occurs, and its bytes."""


def _parts(connection: Connection, known: Sequence[str], kind: str, operator_class: str) -> Parts:
    schema, _, name = operator_class.rpartition(".")
    template = _PARTS.get(name or _default(kind))
    if not known or template is None:
        return ()
    query = _COUNT.format(
        template.format(value="known", type=kind, schema=f"{schema}." if schema else "")
    )
    try:
        with connection.transaction():
            return connection.execute(query.encode(), (list(known),)).fetchall()
    except (psycopg.DataError, psycopg.ProgrammingError):
        return ()


def _default(kind: str) -> str:
    if kind.endswith("[]"):
        return "array_ops"
    return {"jsonb": "jsonb_ops", "tsvector": "tsvector_ops"}.get(kind, "")


def _common(parts: Parts, values: int, rows: float) -> Sequence[Elements]:
    return [
        Elements(rows * count / values, 1.0, size) for _, count, size in parts if count >= _COMMON
    ]


def _rare(parts: Parts, values: int, rows: float) -> Sequence[Elements]:
    """The elements seen once or twice stand for many that were not seen."""
    rare = {part: (count, size) for part, count, size in parts if count < _COMMON}
    if not rare or not rows:
        return []
    counts = Counter({part: count for part, (count, _) in rare.items()})
    pairs = rows * counts.total() / values
    distinct = max(1.0, min(unseen_distinct(counts, _possible(rare, pairs)), pairs))
    size = sum(size for _, size in rare.values()) / len(rare)
    return [Elements(pairs / distinct, distinct, size)]


def _possible(parts: Iterable[str], pairs: float) -> float:
    """How many different elements so many draws meet: of numbers, no more than lie between."""
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        return pairs
    span = max(numbers) - min(numbers) + 1
    return -math.expm1(-pairs / span) * span


def _by_statistics(
    statistics: ColumnStatistics,
    common: dict[str, float],
    parts: Parts,
    values: int,
    rows: float,
) -> tuple[Elements, ...]:
    present = rows * (1 - statistics.null_fraction)
    sizes = {part: size for part, _, size in parts}
    mean = sum(len(element.encode()) for element in common) / len(common) + 1
    listed = [
        Elements(present * share, 1.0, sizes.get(element, mean))
        for element, share in common.items()
    ]
    histogram = statistics.element_count_histogram
    per_row = (
        histogram[-1]  # the mean of all counts is kept at its end
        if histogram
        else max(0.0, statistics.average_width - _LEXEME_BYTES) / (_LEXEME_BYTES + mean)
    )
    rest = present * per_row - sum(each.rows for each in listed)
    if rest <= present / 1000:
        return tuple(listed)
    unlisted = [part for part in parts if part[0] not in common]
    if tail := _rare(unlisted, values, rows):
        distinct = min(tail[0].distinct, rest)
    else:
        # What is not listed is rarer than what is; half as common is a guess.
        distinct = max(1.0, 2 * rest / min(each.rows for each in listed))
    return (*listed, Elements(rest / distinct, distinct, mean))
