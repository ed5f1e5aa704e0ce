"""Tables, views and columns as the warehouse names them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def quoted(identifier: str) -> str:
    """Return an identifier as SQL that means exactly this name, whatever characters it holds."""
    return '"' + identifier.replace('"', '""') + '"'


class RelationKind(StrEnum):
    """What stands behind a name in the warehouse."""

    TABLE = "table"
    PARTITIONED_TABLE = "partitioned table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"

    @property
    def stores_rows(self) -> bool:
        """Whether an index can be built on it."""
        return self in {self.TABLE, self.PARTITIONED_TABLE, self.MATERIALIZED_VIEW}


class RelationName(NamedTuple):
    """A table or view of one database, by schema and name, each exactly as stored."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """The name as SQL, always quoted."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def __str__(self) -> str:
        """The name for people: quoted only where it would not be read back otherwise."""
        parts = (self.schema, self.name)
        return ".".join(part if _PLAIN.match(part) else quoted(part) for part in parts)


@dataclass(frozen=True, slots=True, order=True)
class ColumnName:
    """One column of one relation."""

    relation: RelationName
    column: str

    def __str__(self) -> str:
        """The name for people."""
        column = self.column if _PLAIN.match(self.column) else quoted(self.column)
        return f"{self.relation}.{column}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and its type as `format_type` spells it."""

    name: str
    type: str
    not_null: bool = False
    collation: str = ""  # as SQL, where it is not the type's own
    # Of a virtual generated column, whose place it takes in queries; a stored one plans like any.
    expression: str = ""
