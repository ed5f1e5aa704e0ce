"""An index that some access could use, before anyone asks whether it pays."""

from collections.abc import Iterable
from dataclasses import dataclass

from dbt_schema_evolve.records.changes import IndexKey, IndexSpec


@dataclass(frozen=True, slots=True)
class Shape:
    """An index and the words for what it is good for."""

    spec: IndexSpec
    reason: str


def plain_keys(columns: Iterable[str]) -> tuple[IndexKey, ...]:
    """Return columns as keys, ascending."""
    return tuple(IndexKey(column) for column in columns)
