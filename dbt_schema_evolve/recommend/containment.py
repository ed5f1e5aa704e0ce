"""GIN for what is inside a value: keys of documents, elements of arrays, words of texts."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from dbt_schema_evolve.recommend.access import Access, Search
from dbt_schema_evolve.recommend.expression import is_immutable
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.workload import UseKind

_JSON_PATHS = frozenset({"@>", "@?", "@@"})  # all that jsonb_path_ops can look up
_JSON = _JSON_PATHS | {"?", "?|", "?&"}
_ARRAY = frozenset({"@>", "<@", "&&", "="})
_WORDS = frozenset({"@@", "@@@"})


def containment(
    access: Access, table: Table, operators: Mapping[str, Collection[str]]
) -> Iterator[Shape]:
    """Yield GIN indexes; `operators` are those that any query of the relation uses on a term.

    jsonb_path_ops is smaller and faster than the default class, but looks up whole paths only:
    where some query asks for the existence of a key, one index of the default class serves all.
    """
    for search in access.searches:
        if search.kind is not UseKind.CONTAINMENT:
            continue
        kind = _kind(search, table)
        key: IndexKey | None = search.key
        if search.key.is_expression:
            types = {table.type_of(column) for column in table.columns_of(search.key)}
            key = search.key if is_immutable(search.key.term, types) else None
        if key is None or search.operator not in _OPERATORS.get(kind, frozenset()):
            continue
        if kind == "jsonb" and _JSON_PATHS.issuperset(operators.get(key.term, ())):
            key = replace(key, operator_class="jsonb_path_ops")
        reason = f"{search.operator} on {key.term}"
        yield Shape(IndexSpec(table.name, (key,), method="gin"), reason)


_OPERATORS: Mapping[str, Collection[str]] = {"jsonb": _JSON, "array": _ARRAY, "tsvector": _WORDS}


def _kind(search: Search, table: Table) -> str:
    """Return jsonb, array or tsvector; empty for what is something else, or not known."""
    key = search.key
    if key.is_expression:
        if "to_tsvector" in key.term.lower():
            return "tsvector"
        inner = {table.type_of(column) for column in table.columns_of(key)}
        return "jsonb" if inner == {"jsonb"} and search.operator in _JSON else ""
    kind = table.type_of(key.term)
    return "array" if kind.endswith("[]") else kind
