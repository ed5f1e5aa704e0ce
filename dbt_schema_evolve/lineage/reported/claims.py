"""What a run says of one of its outputs, in the names of the graph."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.lineage.reported.datasets import Datasets
from dbt_schema_evolve.lineage.reported.known import ColumnKey, KnownEdges
from dbt_schema_evolve.lineage.reported.reports import Run, Told
from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import (
    Dataset,
    DirectInput,
    DirectKind,
    IndirectInput,
    Named,
    OutputColumn,
)
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageNode,
    NodeLineage,
    Origin,
)
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class ColumnClaim:
    """What one column is said to be made from."""

    column: str
    direct: Mapping[ColumnKey, DirectKind]
    indirect: Mapping[ColumnKey, IndirectKind]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one node; edges have the origin `REPORTED`."""

    target: str
    producer: str
    reads: frozenset[str]
    is_exact: bool  # every one of `reads` reaches this target, not just some output of the job
    column_edges: tuple[ColumnEdge, ...] = ()
    indirect_edges: tuple[IndirectEdge, ...] = ()
    by_column: tuple[ColumnClaim, ...] = ()
    columns: tuple[Column, ...] = ()  # of the target


class Claims:
    """Makes claims of what runs tell, given what is known without them."""

    def __init__(
        self,
        nodes: Mapping[str, LineageNode],
        known: KnownEdges,
        schema: LineageSchema,
        datasets: Datasets,
    ) -> None:
        self._known, self._schema, self._datasets = known, schema, datasets
        self._spelled = {
            key: {column.name.lower(): column.name for column in node.columns}
            | {column.name: column.name for column in node.columns}
            for key, node in nodes.items()
        }

    def of(self, told: Told) -> Iterator[Claim | Skip]:
        """Yield the claim, and what of it could not be understood."""
        target = self._datasets.node(told.output.name)
        inputs = {self._datasets.node(dataset.name) for dataset in told.run.inputs}
        is_only = len(told.run.outputs) == 1
        if is_only and self._is_up_to_the_sql(told, target):
            found = node_lineage(target, told.run.sql, self._schema)
            yield found if isinstance(found, Skip) else _resolved(found, told, inputs)
            if not isinstance(found, Skip):
                return
        strangers = self._strangers(told)
        for stranger in sorted(strangers):
            yield Skip(
                producer(told.run), f"{stranger} is no input of the job, nor a known relation"
            )
        yield self._claim(told, target, inputs, strangers, is_only=is_only)

    def _is_up_to_the_sql(self, told: Told, target: str) -> bool:
        """Return whether the job's SQL is all that tells of columns."""
        said = told.output.made or told.output.indirect
        return bool(told.run.sql and not said and not self._known.has_columns(target))

    def _strangers(self, told: Told) -> set[Named]:
        """Return relations that only the column facet names, and that do not exist.

        Parsers without a schema take a CTE or an alias for a table now and then.
        """
        inputs = {self._datasets.node(dataset.name) for dataset in told.run.inputs}
        return {
            each.dataset
            for each in _mentioned(told.output)
            if self._datasets.is_at_home(each.dataset)
            and self._datasets.node(each.dataset) not in inputs
            and not self._datasets.is_known(each.dataset)
        }

    def _claim(
        self, told: Told, target: str, inputs: set[str], strangers: set[Named], *, is_only: bool
    ) -> Claim:
        made = [
            (self._column(target, each.name), _without(each, strangers))
            for each in told.output.made
        ]
        rows = {
            IndirectEdge(*self._key(each), target, each.kind, Origin.REPORTED)
            for each in (*told.output.indirect, *(i for _, column in made for i in column.indirect))
            if each.dataset not in strangers
        }
        edges = [
            _edge(self._key(given), target, column, given)
            for column, each in made
            for given in each.inputs
        ]
        named = {edge.source for edge in edges} | {edge.source for edge in rows}
        return Claim(
            target=target,
            producer=producer(told.run),
            # Of a job with several outputs it is not said which input reaches which of them.
            reads=frozenset(inputs | named if is_only or not named else named),
            is_exact=is_only or bool(named),
            column_edges=tuple(edges),
            indirect_edges=tuple(sorted(rows)),
            by_column=tuple(
                ColumnClaim(
                    column,
                    {self._key(given): given.kind for given in each.inputs},
                    {self._key(given): given.kind for given in each.indirect},
                )
                for column, each in made
            ),
            columns=told.output.columns,
        )

    def _key(self, given: DirectInput | IndirectInput) -> ColumnKey:
        node = self._datasets.node(given.dataset)
        return node, self._column(node, given.column)

    def _column(self, node: str, name: str) -> str:
        """Return a column as the node spells it."""
        spelled = self._spelled.get(node, {})
        return spelled.get(name) or spelled.get(name.lower(), name)


def producer(run: Run) -> str:
    """Return who said it and when, for people."""
    job = f"{run.job} by " if run.job else ""
    return f"{job}{run.producer or 'an unnamed producer'}, {run.last_seen:%Y-%m-%d}"


def _resolved(found: NodeLineage, told: Told, inputs: set[str]) -> Claim:
    """Return what the SQL of a job says."""
    return Claim(
        target=found.node,
        producer=producer(told.run),
        reads=frozenset({*inputs, *found.reads}),
        is_exact=True,
        column_edges=tuple(e._replace(origin=Origin.REPORTED) for e in found.column_edges),
        indirect_edges=tuple(e._replace(origin=Origin.REPORTED) for e in found.indirect_edges),
        columns=told.output.columns,
    )


def _mentioned(output: Dataset) -> Iterable[DirectInput | IndirectInput]:
    yield from output.indirect
    for column in output.made:
        yield from column.inputs
        yield from column.indirect


def _without(column: OutputColumn, strangers: set[Named]) -> OutputColumn:
    return OutputColumn(
        column.name,
        tuple(each for each in column.inputs if each.dataset not in strangers),
        tuple(each for each in column.indirect if each.dataset not in strangers),
    )


def _edge(key: ColumnKey, target: str, column: str, given: DirectInput) -> ColumnEdge:
    """Return the edge; what happens on the way is an expression unless it is said to be less."""
    kind = EdgeKind.EXPRESSION
    if given.kind is DirectKind.IDENTITY:
        kind = EdgeKind.IDENTITY if key[1] == column else EdgeKind.RENAME
    elif given.kind is DirectKind.AGGREGATION:
        kind = EdgeKind.AGGREGATE
    expression = "" if given.kind is DirectKind.IDENTITY else given.description
    return ColumnEdge(*key, target, column, kind, expression, Origin.REPORTED)
