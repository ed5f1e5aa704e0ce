"""The golden cases of lineage and the little warehouse that they are about."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlglot
import yaml
from sqlglot import exp

from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.lineage import ColumnEdge, IndirectEdge, NodeLineage
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


def described(sql: str, schema: LineageSchema) -> dict[str, Any]:
    """What a golden file says of a statement; empty things are left out.

    `outputs` and `indirect` are its edges, with views as they are written; `stored` are the stored
    columns behind the outputs where views are looked through, and `uses` is what is done with them.
    """
    uses, lineage = query_uses("f", sql, schema), node_lineage("n", sql, schema)
    facts: dict[str, Any] = {}
    if isinstance(uses, QueryUses):
        facts |= {
            "reads": sorted(map(_name, uses.reads)),
            "writes": _name(uses.writes) if uses.writes else "",
            "base": sorted(map(_name, uses.base_relations - uses.reads)),
            "views": sorted(map(_name, uses.views)),
        }
    if isinstance(lineage, NodeLineage):
        facts |= _edges(lineage, schema)
    elif isinstance(uses, QueryUses) and uses.reads:
        facts["no edges"] = lineage.reason
    if isinstance(uses, Skip):
        facts["skip"] = uses.reason
    else:
        facts["stored"] = [
            f"{name} < {', '.join(sorted(map(_column, columns)))}".rstrip(" <")
            for name, columns in (uses.outputs if uses.views else ())
        ]
        facts["uses"] = sorted(map(_use, uses.uses))
    return {key: value for key, value in facts.items() if value}


def _edges(lineage: NodeLineage, schema: LineageSchema) -> dict[str, Any]:
    def source(edge: ColumnEdge | IndirectEdge) -> str:
        return _column(ColumnName(schema.by_id[edge.source], edge.source_column))

    direct = {
        column: ", ".join(
            f"{source(edge)} ({edge.kind})"
            for edge in lineage.column_edges
            if edge.target_column == column
        )
        for column in lineage.columns
    }
    return {
        "outputs": [f"{column} < {edges}".rstrip(" <") for column, edges in direct.items()],
        "indirect": sorted(f"{edge.kind} {source(edge)}" for edge in lineage.indirect_edges),
        "doubts": [*lineage.doubts],
    }


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
    if use.expression:
        text += f" as {use.expression}"
    if use.operator or use.constant:
        text += f" {use.operator or '='} {use.constant}".rstrip()
    return text
