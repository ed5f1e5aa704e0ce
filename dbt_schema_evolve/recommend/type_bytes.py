"""What other types free: in the rows of a table, and in the entries of its unique indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.recommend.row_width import (
    Field,
    btree_bytes,
    entry_bytes,
    fields,
    is_toasted,
    row_bytes,
    table_bytes,
)
from dbt_schema_evolve.records.changes import ColumnTypeSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile
from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True)
class Freed:
    """Rows before and after, and the bytes between them; negative where more is taken."""

    rows: int
    row_before: float
    row_after: float
    table_bytes: int
    index_bytes: int
    ratio: float  # of the table as it would be if it were written today

    @property
    def bytes(self) -> int:
        """Everything together."""
        return self.table_bytes + self.index_bytes


def freed(evidence: Evidence, spec: ColumnTypeSpec) -> Freed | None:
    """Return what a change of types frees; None where too little is known of the rows."""
    profile = evidence.relations.get(spec.relation)
    columns = sorted(evidence.columns.get(spec.relation, ()), key=lambda each: each.position)
    if profile is None or not columns or columns[0].position < 1:
        return None
    rows = max(profile.estimated_rows or 0, 0)
    types = dict(spec.types)
    before, after = fields(columns, {}), fields(columns, types)
    if not rows or before is None or after is None:
        return None
    dropped = columns[-1].position - len(columns)
    row_before, row_after = row_bytes(before, dropped), row_bytes(after, dropped)
    if is_toasted(row_before):
        return None
    whole = table_bytes(rows, row_before)
    saved = whole - table_bytes(rows, row_after)
    indexes = evidence.indexes.get(spec.relation, ())
    in_indexes = sum(_in_index(each, columns, types, rows) for each in indexes)
    return Freed(rows, row_before, row_after, saved, in_indexes, (saved + in_indexes) / whole)


def least_change(
    evidence: Evidence, relation: RelationName, choices: Mapping[str, Sequence[str]]
) -> ColumnTypeSpec:
    """Return the types that free as much as the smallest ones would, but no smaller than needed.

    `choices` are smaller types by column, the smallest first. What would be padding afterwards
    stays as it is.
    """
    order = [
        each.column
        for each in sorted(evidence.columns.get(relation, ()), key=lambda each: each.position)
        if each.column in choices
    ]
    types = {column: choices[column][0] for column in order}

    def spec() -> ColumnTypeSpec:
        return ColumnTypeSpec(relation, tuple((c, types[c]) for c in order if c in types))

    most = _bytes(evidence, spec())
    for column in reversed(order):
        smallest = types.pop(column)
        if _bytes(evidence, spec()) >= most:
            continue
        types[column] = smallest
        for larger in reversed(choices[column][1:]):
            types[column] = larger
            if _bytes(evidence, spec()) >= most:
                break
            types[column] = smallest
    return spec()


def _bytes(evidence: Evidence, spec: ColumnTypeSpec) -> int:
    found = freed(evidence, spec)
    return 0 if found is None else found.bytes


def _in_index(
    index: IndexProfile, columns: Sequence[ColumnProfile], types: Mapping[str, str], rows: int
) -> int:
    """Return what a whole unique btree frees; of others we claim nothing.

    Duplicates share an entry, and how many do, no statistics tell of several columns together.
    """
    spec = index.spec
    by_name = {each.column: each for each in columns}
    names = [*(key.term for key in spec.keys), *spec.include]
    if not spec.unique or spec.method != "btree" or spec.where or not by_name.keys() >= {*names}:
        return 0
    held = [by_name[name] for name in names]
    before, after = fields(held, {}), fields(held, types)
    if before is None or after is None:
        return 0
    return _leaves(rows, before) - _leaves(rows, after)


def _leaves(rows: int, parts: Sequence[Field]) -> int:
    return btree_bytes(rows, entry_bytes(parts))
