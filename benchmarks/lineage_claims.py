"""What our lineage says of real models, put so that Postgres can be asked about it.

Postgres knows no ephemeral models: dbt inlined them. So the edges into an ephemeral model are
joined to those out of it here, and what is left is about relations that a server has.
"""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlglot import exp

from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest
from dbt_schema_evolve.lineage.graph import project_schema
from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.notes import PLAIN, Detail
from dbt_schema_evolve.lineage.sql.parsing import TEXT, identifier, marked, parse
from dbt_schema_evolve.lineage.sql.resolve import Resolver
from dbt_schema_evolve.lineage.sql.rows import Rows, Sources
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.scope import Found, Scope
from dbt_schema_evolve.lineage.sql.walk import Ctes
from dbt_schema_evolve.records.lineage import EdgeKind, IndirectKind, NodeLineage
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName
from dbt_schema_evolve.records.workload import Skip, UseKind

STRENGTHS = tuple(EdgeKind)  # as declared: of two steps the later one names the edge
PASSED_ON = frozenset({EdgeKind.IDENTITY, EdgeKind.RENAME})

Parents = dict[ColumnName, EdgeKind]


@dataclass(frozen=True, slots=True)
class Artifacts:
    """One stored project: its nodes, and the columns of its relations."""

    name: str
    project: Project
    columns: Mapping[RelationName, tuple[Column, ...]]


@dataclass(slots=True)
class Claim:
    """What we say of one model."""

    model: str
    sql: str
    columns: tuple[str, ...] = ()
    direct: dict[str, Parents] = field(default_factory=dict)  # by output column
    indirect: set[ColumnName] = field(default_factory=set)
    mentioned: set[ColumnName] = field(default_factory=set)  # by any part of the text

    @property
    def parents(self) -> set[ColumnName]:
        """Every column that we say the model depends on."""
        return self.indirect.union(*self.direct.values())


def artifacts(folder: Path) -> Artifacts:
    """Read a stored project."""
    manifest = gzip.decompress((folder / "manifest.json.gz").read_bytes())
    catalog = gzip.decompress((folder / "catalog.json.gz").read_bytes())
    columns = {
        table.relation: tuple(Column(name, kind) for name, kind in table.columns)
        for table in read_catalog(catalog, str(folder))
    }
    return Artifacts(folder.name, read_manifest(manifest, str(folder)), columns)


def claims(found: Artifacts) -> tuple[list[Claim], list[Skip]]:
    """Return what we say of every compiled model, and what we could not resolve."""
    schema = project_schema(found.project, found.columns)
    nodes = {
        node.unique_id: node
        for node in found.project.models
        if node.language == "sql" and node.compiled_code is not None
    }
    said: dict[str, NodeLineage] = {}
    skips = []
    for key, node in nodes.items():
        outcome = node_lineage(key, node.compiled_code or "", schema)
        if isinstance(outcome, Skip):
            skips.append(outcome)
        else:
            said[key] = outcome
    joined: dict[str, Claim] = {}
    for key in said:
        _claim(key, said, nodes, schema, joined)
    return [joined[key] for key in said], skips


def _claim(
    key: str,
    said: Mapping[str, NodeLineage],
    nodes: Mapping[str, Node],
    schema: LineageSchema,
    joined: dict[str, Claim],
) -> Claim:
    if key in joined:
        return joined[key]
    lineage, sql = said[key], nodes[key].compiled_code or ""
    claim = Claim(key, sql, lineage.columns, {column: {} for column in lineage.columns})
    inlined = {
        read: _claim(read, said, nodes, schema, joined)
        for read in lineage.reads
        if read in said and nodes[read].materialized == "ephemeral"
    }

    def behind(source: str, column: str) -> Parents:
        if source in inlined:
            return inlined[source].direct.get(column, {})
        return {ColumnName(schema.by_id[source], column): EdgeKind.IDENTITY}

    for edge in lineage.column_edges:
        parents = claim.direct[edge.target_column]
        for column, kind in behind(edge.source, edge.source_column).items():
            parents[column] = max(
                kind, edge.kind, parents.get(column, EdgeKind.IDENTITY), key=STRENGTHS.index
            )
    for indirect in lineage.indirect_edges:
        claim.indirect.update(behind(indirect.source, indirect.source_column))
    for other in inlined.values():
        claim.indirect |= other.indirect
    claim.mentioned = set(_mentioned(sql, schema))
    joined[key] = claim
    return claim


class _Listener(Resolver):
    """A walk that remembers every column that any part of a statement names."""

    def __init__(self, schema: LineageSchema, text: str) -> None:
        super().__init__(schema, text, expand=False)
        self.mentioned: set[ColumnName] = set()
        self.walked: set[int] = set()

    def rows(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Rows:
        self.walked.add(id(node))
        found = super().rows(node, parent, ctes)
        for output in found.outputs:
            self._hear(output.sources)
        return found

    def column(self, node: exp.Column, scope: Scope) -> Found:
        found = super().column(node, scope)
        self._hear(found.output.sources)
        return found

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        detail: Detail = PLAIN,
        decides: IndirectKind | None = None,
    ) -> None:
        self._hear(sources)
        super().mark(sources, kind, detail, decides)

    def _hear(self, sources: Sources) -> None:
        self.mentioned.update(stored.name for stored in sources)


def _mentioned(sql: str, schema: LineageSchema) -> Iterator[ColumnName]:
    """Yield the columns that a text names, WITH queries that nobody reads included."""
    tree = parse(marked(sql))
    listener = _Listener(schema, tree.meta[TEXT])
    listener.statement(tree)
    yield from listener.mentioned
    for cte in list(tree.find_all(exp.CTE)):
        if id(cte.this) not in listener.walked:
            clause = cte.parent
            assert isinstance(clause, exp.With)
            everything = exp.select("*").from_(exp.to_table(identifier(cte.args["alias"].this)))
            everything.set("with_", clause.copy())
            again = _Listener(schema, tree.meta[TEXT])
            again.statement(everything)
            yield from again.mentioned
