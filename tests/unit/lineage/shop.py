"""The golden cases of lineage and the little warehouse that they are about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlglot
import yaml
from sqlglot import exp

from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName
from dbt_schema_evolve.records.workload import ColumnUse, QueryUses, Skip

GOLDEN = Path(__file__).parents[2] / "golden" / "lineage"
SCHEMA_SQL = (GOLDEN / "schema.sql").read_text(encoding="utf-8")
SEARCH_PATH = ("shop", "public")


class Case(NamedTuple):
    """One statement and what must be said of it."""

    file: Path
    name: str
    sql: str
    expected: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.file.stem}-{self.name}"


def cases(*stems: str) -> Iterator[Case]:
    for file in sorted(GOLDEN.glob("*.yml")):
        if stems and file.stem not in stems:
            continue
        for name, body in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            yield Case(file, name, body["sql"], {k: v for k, v in body.items() if k != "sql"})


def relation(name: str) -> RelationName:
    return RelationName("shop", name)


def shop() -> LineageSchema:
    """The schema that `schema.sql` makes."""
    columns: dict[RelationName, tuple[Column, ...]] = {
        relation("daily"): (Column("day", "date"), Column("amount", "numeric"))
    }
    views: dict[RelationName, str] = {}
    for statement in sqlglot.parse(SCHEMA_SQL, dialect="postgres"):
        assert statement is not None
        if not isinstance(statement, exp.Create) or statement.kind in {"SCHEMA", "TYPE"}:
            continue
        if statement.kind == "TABLE":
            columns[relation(statement.this.this.name)] = tuple(
                Column(column.name, column.kind.sql("postgres").lower())
                for column in statement.this.expressions
            )
        elif statement.this.name != "daily":
            views[relation(statement.this.name)] = statement.expression.sql("postgres")
    return LineageSchema(columns, views, SEARCH_PATH)


def described(found: QueryUses | Skip) -> dict[str, Any]:
    """What a golden file says of a statement; empty things are left out."""
    if isinstance(found, Skip):
        return {"skip": found.reason}
    facts = {
        "reads": sorted(map(_name, found.reads)),
        "writes": _name(found.writes) if found.writes else "",
        "base": sorted(map(_name, found.base_relations - found.reads)),
        "views": sorted(map(_name, found.views)),
        "outputs": [
            f"{name} < {', '.join(sorted(map(_column, columns)))}".rstrip(" <")
            for name, columns in found.outputs
        ],
        "uses": sorted(map(_use, found.uses)),
    }
    return {key: value for key, value in facts.items() if value}


def _name(name: RelationName) -> str:
    return name.name if name.schema == "shop" else str(name)


def _column(name: ColumnName) -> str:
    return f"{_name(name.relation)}.{name.column}"


def _use(use: ColumnUse) -> str:
    text = f"{use.kind} {_column(use.column)}"
    if use.kind in {"group", "order"}:
        text += f" #{use.position}"
    if use.descending:
        text += " desc"
    return f"{text} = {use.constant}" if use.constant else text
