"""Columns on their way through a query: their names, and the stored columns behind them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.parsing import DoubtError
from dbt_schema_evolve.records.relations import ColumnName

# What happened to a value on the way, as a rank: of two steps the stronger one names the edge.
IDENTITY, CAST, EXPRESSION, AGGREGATE, WINDOW = range(5)


@dataclass(slots=True, eq=False)
class Stored:
    """A column of a relation; one object each per schema, so that identity is equality."""

    name: ColumnName
    type: str = ""  # empty: not known


Sources = dict[Stored, int]
"""Where values come from, with the rank of what happened to them; shared, never changed."""

NOTHING: Sources = {}


@dataclass(slots=True, eq=False)
class Output:
    """One column of a query, or of something in its FROM."""

    name: str
    sources: Sources
    type: str = ""  # as the catalog spells it; empty: not known
    made_by: exp.Expr | None = None  # the expression, where the query spells it out
    made_in: object = None  # the Scope in which the names of `made_by` mean something


@dataclass(slots=True, eq=False)
class Found:
    """A column, and which item of FROM it was found in: one of two in a self-join."""

    output: Output
    item: object


class Entry(Protocol):
    """Something in FROM that has columns."""

    def known(self) -> Iterable[Output]:
        """Return the columns that are known, in order."""
        ...

    def find(self, name: str) -> Output | None:
        """Return a column that is known to be there."""
        ...

    def infer(self, name: str) -> Output | None:
        """Return a column that may be there, because not all of them are known."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it may have columns that are not known."""
        ...


@dataclass(slots=True, eq=False)
class Rows:
    """A query's columns; `rests` stand for those of a `*` that could not be spelled out."""

    outputs: list[Output]
    rests: list[Entry] = field(default_factory=list)
    _index: dict[str, Output] = field(init=False)

    def __post_init__(self) -> None:
        self._index = {}
        for output in self.outputs:
            self._index.setdefault(output.name, output)

    def known(self) -> Iterable[Output]:
        """Return the columns that are known, in order."""
        return self.outputs

    def find(self, name: str) -> Output | None:
        """Return a column that is known to be there."""
        return self._index.get(name)

    def infer(self, name: str) -> Output | None:
        """Return the column from the one rest that may hold it."""
        if len(self.rests) > 1:
            raise DoubtError(f"column {name} may come from several relations of unknown columns")
        return self.rests[0].find(name) or self.rests[0].infer(name) if self.rests else None

    @property
    def is_open(self) -> bool:
        """Whether it may have columns that are not known."""
        return bool(self.rests)

    def without_sources(self) -> "Rows":
        """Return columns of the same names that no value flows out of."""
        return Rows([Output(output.name, NOTHING) for output in self.outputs])

    def renamed(self, names: list[str]) -> "Rows":
        """Return the rows under other names, as `as t(a, b)` gives them to the first columns."""
        if not names:
            return self
        pairs = zip(self.outputs, names, strict=False)
        outputs = [
            Output(name, output.sources, output.type, output.made_by, output.made_in)
            for output, name in pairs
        ]
        return Rows(outputs + self.outputs[len(names) :], self.rests)


@dataclass(slots=True, eq=False)
class Both:
    """The unknown columns of a set operation: each arm gives its own."""

    arms: tuple[Entry, ...]

    def known(self) -> Iterable[Output]:
        """Return none: the arms' columns meet by position, which is not known."""
        return ()

    def find(self, name: str) -> Output | None:  # noqa: ARG002 - a protocol's signature
        """Return none, for the same reason."""
        return None

    def infer(self, name: str) -> Output | None:
        """Return what every arm has under that name."""
        found = [arm.find(name) or arm.infer(name) for arm in self.arms]
        return Output(name, merged(output.sources for output in found if output))

    @property
    def is_open(self) -> bool:
        """Return that more may be there."""
        return True


@dataclass(slots=True, eq=False)
class Anything:
    """What a function returns, or a table that lives for one statement: any column is there."""

    sources: Sources
    outputs: list[Output] = field(default_factory=list)

    def known(self) -> Iterable[Output]:
        """Return the columns whose names are known."""
        return self.outputs

    def find(self, name: str) -> Output | None:
        """Return a column that is known to be there."""
        return next((output for output in self.outputs if output.name == name), None)

    def infer(self, name: str) -> Output | None:
        """Return whatever was asked for."""
        return Output(name, self.sources)

    @property
    def is_open(self) -> bool:
        """Return that more may be there."""
        return True


def united(left: Rows, right: Rows) -> Rows:
    """Return the rows of a set operation: columns meet by position, the first arm names them."""
    if not left.rests and not right.rests:
        pairs = zip(left.outputs, right.outputs, strict=False)
        return Rows(
            [
                Output(one.name, merged((one.sources, two.sources)), one.type, one.made_by)
                for one, two in pairs
            ]
        )
    if left.rests and right.rests:
        return Rows([], [Both((left, right))])
    # One arm is spelled out: what it names, the other must have.
    closed, opened = (right, left) if left.rests else (left, right)
    return Rows(
        [
            Output(output.name, merged((output.sources, found.sources if found else NOTHING)))
            for output in closed.outputs
            for found in (opened.find(output.name) or opened.infer(output.name),)
        ]
    )


def merged(many: Iterable[Sources], least: int = IDENTITY) -> Sources:
    """Return all sources, each with its strongest rank and at least the given one."""
    out: Sources = {}
    for sources in many:
        for column, rank in sources.items():
            out[column] = max(out.get(column, least), rank)
    return out


def whole(entry: Entry) -> Sources:
    """Return what a reference to a whole row reads."""
    return merged((output.sources for output in entry.known()), EXPRESSION)
