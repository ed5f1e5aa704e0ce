"""Reads extended statistics: how many combinations of columns there are, and what they imply."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.records.catalog import (
    ColumnStatistics,
    CommonCombination,
    StatisticsShape,
    TermsFigure,
)
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

_FIRST_WITH_EXPRESSIONS = 140000

Expressions = Mapping[tuple[str, str, bool], Mapping[str, ColumnStatistics]]


def read_extended_statistics(
    connection: psycopg.Connection[Any], oids: Sequence[int]
) -> tuple[tuple[StatisticsShape, ...], tuple[Skip, ...]]:
    """Read the statistics objects on these relations; a Skip for each that may not be seen."""
    shapes, skips = [], []
    expressions = _expressions(connection)
    for row in rows_of(connection, "catalog_extended_statistics", {"oids": list(oids)}):
        if row["create_sql"] is None:  # dropped after the snapshot was taken
            continue
        if row["facts"] is None:
            name = RelationName(row["schema"], row["name"])
            skips.append(Skip(str(name), "no right to SELECT all columns of these statistics"))
        else:
            shapes.append(_shape(row, row["facts"], expressions))
    return tuple(shapes), tuple(skips)


def _expressions(connection: psycopg.Connection[Any]) -> Expressions:
    found: defaultdict[tuple[str, str, bool], dict[str, ColumnStatistics]] = defaultdict(dict)
    if connection.info.server_version >= _FIRST_WITH_EXPRESSIONS:
        for row in rows_of(connection, "catalog_expression_statistics"):
            key = (row.pop("schema"), row.pop("name"), row["inherited"])
            values: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in row.items()
            }
            found[key][row["column"]] = ColumnStatistics(**values)
    return found


def _shape(row: Row, facts: Row, expressions: Expressions) -> StatisticsShape:
    name = RelationName(row["schema"], row["name"])
    inherited = bool(facts.get("inherited"))
    texts = tuple(facts.get("exprs") or ())
    # An expression has the number of its place, counted down from minus one.
    names = dict(zip(row["attribute_numbers"], row["columns"], strict=True))
    names |= {-place: text for place, text in enumerate(texts, start=1)}
    known = expressions.get((*name, inherited), {})
    return StatisticsShape(
        name,
        RelationName(row["relation_schema"], row["relation"]),
        row["create_sql"],
        columns=tuple(row["columns"]),
        expressions=texts,
        inherited=inherited,
        distinct=_figures(facts["n_distinct"], names),
        dependencies=_figures(facts["dependencies"], names),
        common=_common(facts),
        expression_statistics=tuple(known[text] for text in texts if text in known),
    )


def _figures(printed: str | None, names: Mapping[int, str]) -> tuple[TermsFigure, ...]:
    """Read `{"1, 2": 4}` or `{"1, 2 => 3": 0.5}` with names in place of numbers."""
    figures: Mapping[str, float] = json.loads(printed) if printed else {}
    return tuple(
        TermsFigure(
            tuple(names[int(number)] for number in terms.replace("=>", ",").split(",")), figure
        )
        for terms, figure in figures.items()
    )


def _common(facts: Row) -> tuple[CommonCombination, ...]:
    return tuple(
        CommonCombination(tuple(values), frequency, base_frequency)
        for values, frequency, base_frequency in zip(
            facts["most_common_vals"] or (),
            facts["most_common_freqs"] or (),
            facts["most_common_base_freqs"] or (),
            strict=True,
        )
    )
