"""Foreign keys that look for their rows through an index whenever the other side changes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.relations import RelationName

_DEFINITION = re.compile(
    r"FOREIGN KEY \((?P<columns>.*?)\) REFERENCES (?P<other>.+?)\((?P<rest>.*)", re.DOTALL
)
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s,]+)')
_ACTS = re.compile(r"ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL|SET DEFAULT)")


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """The referencing side of a foreign key."""

    name: str
    columns: frozenset[str]
    references: str  # as pg_get_constraintdef names it
    acts: bool  # a delete or an update over there changes rows here


def foreign_keys(evidence: Evidence) -> Mapping[RelationName, tuple[ForeignKey, ...]]:
    """Return the foreign keys of each relation, read from what pg_get_constraintdef prints."""
    found: defaultdict[RelationName, list[ForeignKey]] = defaultdict(list)
    for relation, name, definition in evidence.foreign_keys:
        match = _DEFINITION.match(definition)
        if match:
            columns = frozenset(
                in_quotes.replace('""', '"') or bare
                for in_quotes, bare in _NAME.findall(match["columns"])
            )
            acts = bool(_ACTS.search(match["rest"]))
            found[relation].append(ForeignKey(name, columns, match["other"], acts))
    return {relation: tuple(keys) for relation, keys in found.items()}


def finds_rows(spec: IndexSpec, key: ForeignKey) -> bool:
    """Tell whether a check of the foreign key would look into an index."""
    head = spec.keys[: len(key.columns)]
    return (
        spec.method == "btree"
        and not spec.where
        and {each.term for each in head if not each.is_expression} == key.columns
    )


def only_for(
    spec: IndexSpec, others: Iterable[IndexSpec], keys: Iterable[ForeignKey]
) -> tuple[ForeignKey, ...]:
    """Return the foreign keys whose checks would have no index without this one."""
    rest = tuple(others)
    return tuple(
        key
        for key in keys
        if finds_rows(spec, key) and not any(finds_rows(other, key) for other in rest)
    )
