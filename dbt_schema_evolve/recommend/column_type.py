"""Column types: the smallest that will do for years, and a larger one before the next rows fail."""

from collections.abc import Iterator

from dbt_schema_evolve.recommend.larger_types import larger
from dbt_schema_evolve.recommend.ownership import owner
from dbt_schema_evolve.recommend.smaller_types import Bonds, sentence, smaller_types
from dbt_schema_evolve.recommend.type_bytes import freed, least_change
from dbt_schema_evolve.recommend.type_places import where_to_cast
from dbt_schema_evolve.records.changes import Candidate
from dbt_schema_evolve.records.column_trends import ColumnTrend
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import ColumnName, RelationName

# min_parallel_table_scan_size: what PostgreSQL itself takes to be too little for a second worker.
MIN_FREED_BYTES = 8 << 20

# What another choice has to gain before it replaces one that was proven: docs/recommend.md.
MIN_FREED_RATIO = 0.05


def propose(evidence: Evidence) -> Iterator[Candidate]:
    """Propose integers as small as their values, and larger types for what will be full.

    When    for 90 days no value was beyond a smaller integer type, and at the
            steepest pace seen in them it takes ten years to get there; or an
            alarm says that a column will be full within a year.
    Change  the types of a table's columns together, since what one of them
            frees may be padding before the next. What they free is counted by
            how PostgreSQL lays out rows; it has to be 8 MB and a twentieth of
            the table. It is work for a person, with the line to change.
    Skips   columns that an expression calculates with (two smallint overflow
            where two bigint do not); bigint that are aggregated (the sum of
            integers is bigint, and its quotients are whole); either side of a
            foreign key with a wider other side; what was looked at less than
            once a week; numeric (it divides otherwise, and is compared with
            integers by casts that no index serves); texts (they take what they
            hold); seeds, snapshots and Python models; tables of which a column
            needs a larger type, until it has it.
    Undo    cast back to the former type and build the model.
    """
    urgent = tuple(larger(evidence))
    yield from urgent
    urgent_relations = {candidate.spec.relation for candidate in urgent}
    bonds = Bonds.of(evidence)
    for relation in sorted(evidence.relations.keys() - urgent_relations):
        node = owner(evidence, relation)
        if node is not None and _is_castable(node):
            yield from _smaller(evidence, relation, node, bonds)


def is_worth_reading(evidence: Evidence, trend: ColumnTrend) -> bool:
    """Tell by one look whether the past of a column could lead to a smaller type."""
    relation = trend.column.relation
    profile, node = evidence.relations.get(relation), owner(evidence, relation)
    if profile is None or node is None or not _is_castable(node):
        return False
    return bool(trend.narrower) and (profile.table_bytes or 0) >= MIN_FREED_BYTES


def _smaller(
    evidence: Evidence, relation: RelationName, node: Node, bonds: Bonds
) -> Iterator[Candidate]:
    choices = {
        each.column: found
        for each in evidence.columns.get(relation, ())
        if (found := smaller_types(bonds, ColumnName(relation, each.column)))
    }
    spec = least_change(evidence, relation, {c: [n.type for n in ns] for c, ns in choices.items()})
    space = freed(evidence, spec)
    if space is None or space.bytes < MIN_FREED_BYTES or space.ratio < MIN_FREED_RATIO:
        return
    kept = [next(n for n in choices[column] if n.type == kind) for column, kind in spec.types]
    names = [column for column, _ in spec.types]
    reason = "; ".join(map(sentence, names, kept))
    sampled = [name for name, narrower in zip(names, kept, strict=True) if not narrower.is_exact]
    former = {each.column: each.type for each in evidence.columns[relation]}
    summed = [name for name in sampled if former[name] == "bigint"]
    note = where_to_cast(node, spec, sampled, summed)
    yield Candidate("column_type", spec, frozenset(), reason, note)


def _is_castable(node: Node) -> bool:
    """Tell whether a cast in a SELECT decides about a column's type at the next build."""
    return (
        node.resource_type == "model"
        and node.language == "sql"
        and node.materialized in {"table", "incremental", "materialized_view"}
    )
