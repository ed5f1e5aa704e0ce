"""Trigrams: what finds `%inside%`, where pg_trgm is installed."""

import re
from collections.abc import Iterator
from dataclasses import replace

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.expression import is_immutable
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import UseKind

_TEXTS = frozenset({"text", "character varying", "varchar"})  # what gin_trgm_ops takes
_OPERATORS = frozenset({"", "~~", "~~*", "~", "~*", "%", "%>", "<%", "%>>", "<<%", "="})
_TRIGRAM = re.compile(r"[^\W_]{3}")


def patterns(access: Access, table: Table) -> Iterator[Shape]:
    """Yield GIN indexes of trigrams for patterns that hold at least one."""
    schema = table.server.schema_of("pg_trgm")
    if schema is None:
        return
    for search in access.searches:
        if search.kind is not UseKind.PATTERN or search.operator not in _OPERATORS:
            continue
        if search.constant and not _TRIGRAM.search(search.constant):
            continue
        if not _is_text(search.key, table):
            continue
        key = replace(search.key, operator_class=str(RelationName(schema, "gin_trgm_ops")))
        reason = f"patterns in {search.key.term}, by trigrams"
        yield Shape(IndexSpec(table.name, (key,), method="gin"), reason)


def _is_text(key: IndexKey, table: Table) -> bool:
    types = {table.type_of(column) for column in table.columns_of(key)}
    return (
        bool(types) and types <= _TEXTS and (not key.is_expression or is_immutable(key.term, types))
    )
