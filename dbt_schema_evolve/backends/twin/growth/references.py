"""Which key a column refers to: as foreign keys say, or as its name and its values show."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.relations import ColumnName, RelationName

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_LIST = rf"\(({_IDENTIFIER}(?:, {_IDENTIFIER})*)\)"
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY {_LIST} REFERENCES ({_IDENTIFIER})\.({_IDENTIFIER}){_LIST}"
)
_NAME = re.compile(_IDENTIFIER)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_TELLING = 3  # letters; shorter words are prefixes and suffixes that many names share
_MORE_BY_SAMPLING = 1.1  # an estimate from a sample may exceed the number of keys a little


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of whole numbers: how far they reach, and how many there are."""

    name: ColumnName
    low: int
    high: int
    distinct: float


def declared(catalog: Catalog) -> Mapping[ColumnName, ColumnName]:
    """Return the column that each column of a foreign key refers to."""
    found: dict[ColumnName, ColumnName] = {}
    for relation, _, definition in catalog.foreign_keys:
        if match := _FOREIGN_KEY.search(definition):
            own, schema, table, others = match.groups()
            target = RelationName(_bare(schema), _bare(table))
            for column, other in zip(_names(own), _names(others), strict=True):
                found.setdefault(ColumnName(relation, column), ColumnName(target, other))
    return found


def inferred(column: Numbers, keys: Iterable[Numbers]) -> ColumnName | None:
    """Return the key that holds these numbers; None where there is none.

    All names end in the same word. Of several keys, the one whose name shares more words, then
    the one whose range is filled best.
    """
    fitting = [
        key
        for key in keys
        if key.low <= column.low
        and column.high <= key.high
        and column.distinct <= key.distinct * _MORE_BY_SAMPLING
        and key.name != column.name
    ]
    words = set(_words(column.name.column))

    def rank(key: Numbers) -> tuple[int, int, ColumnName]:
        own = {*_words(key.name.column), *_words(key.name.relation.name)}
        shared = sum(len(word) >= _TELLING for word in words & own)
        return -shared, key.high - key.low, key.name

    return min(fitting, key=rank).name if fitting else None


def last_word(name: str) -> str:
    """Return the last word of a column's name, which says what its numbers are numbers of."""
    return (_words(name) or ("",))[-1]


@cache
def _words(name: str) -> tuple[str, ...]:
    # Tables are often named in the plural, references in the singular.
    return tuple(word.lower().removesuffix("s") for word in _WORD.findall(name))


def _names(columns: str) -> list[str]:
    return [_bare(name) for name in _NAME.findall(columns)]


def _bare(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
