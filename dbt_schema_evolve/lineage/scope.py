"""What a name means at one place of a query: Postgres' rules of visibility."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from dbt_schema_evolve.lineage.parsing import UnreadableError
from dbt_schema_evolve.records.relations import ColumnName

# What happened to a value on the way, as a rank: of two steps the stronger one names the edge.
IDENTITY, CAST, EXPRESSION, AGGREGATE, WINDOW = range(5)

SYSTEM_COLUMNS = frozenset(["ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"])


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
            raise UnreadableError(
                f"column {name} may come from several relations of unknown columns"
            )
        return self.rests[0].find(name) or self.rests[0].infer(name) if self.rests else None

    @property
    def is_open(self) -> bool:
        """Whether it may have columns that are not known."""
        return bool(self.rests)

    def renamed(self, names: list[str]) -> "Rows":
        """Return the rows under other names, as `as t(a, b)` gives them to the first columns."""
        if not names:
            return self
        pairs = zip(self.outputs, names, strict=False)
        outputs = [
            Output(name, output.sources, output.type, output.made_by) for output, name in pairs
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


@dataclass(slots=True, eq=False)
class Found:
    """A column, and which item of FROM it was found in: one of two in a self-join."""

    output: Output
    item: object


@dataclass(slots=True, eq=False)
class Scope:
    """The FROM clause of one query, and the queries around it."""

    parent: "Scope | None"
    ctes: Mapping[str, Callable[[], "Rows"]]
    windows: dict[str, exp.Window] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)  # by alias
    unnamed: list[Entry] = field(default_factory=list)
    joined: dict[str, Output] = field(default_factory=dict)  # by USING or NATURAL: one column

    def add(self, alias: str, entry: Entry) -> None:
        """Make an entry visible; the first of two equal names wins, as nobody could mean both."""
        if not alias or alias in self.entries:
            self.unnamed.append(entry)
        else:
            self.entries[alias] = entry

    def around(self) -> Iterator["Scope"]:
        """Yield this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def column(self, name: str) -> Found:
        """Find an unqualified column, innermost query first."""
        for scope in self.around():
            if found := scope.own_column(name):
                return found
        for scope in self.around():  # `select t from t`: the whole row
            if name in scope.entries:
                return Found(Output(name, whole(scope.entries[name])), (id(scope), name))
        raise UnreadableError(f"column {name} is in none of the relations that it could come from")

    def own_column(self, name: str) -> Found | None:  # noqa: PLR0911 - one for each rule
        """Find an unqualified column in this scope only."""
        if name in self.joined:
            return Found(self.joined[name], self.joined[name])
        everything = [*self.entries.items(), *enumerate(self.unnamed)]
        for alias, entry in everything:
            if output := entry.find(name):
                return Found(output, (id(self), alias))
        if name in self.entries:
            return None
        if name in SYSTEM_COLUMNS and everything:
            return Found(Output(name, NOTHING), None)
        doubtful = [(alias, entry) for alias, entry in everything if entry.is_open]
        if len(doubtful) > 1:
            if all(isinstance(entry, Anything) and not entry.sources for _, entry in doubtful):
                return Found(Output(name, NOTHING), None)
            raise UnreadableError(
                f"column {name} may come from several relations of unknown columns"
            )
        for alias, entry in doubtful:
            if output := entry.infer(name):
                return Found(output, (id(self), alias))
        return None

    def qualified(self, alias: str, name: str) -> Found:
        """Find `alias.name`."""
        for scope in self.around():
            entry = scope.entries.get(alias)
            if entry is None:
                continue
            output = entry.find(name) or entry.infer(name)
            if output is None and name in SYSTEM_COLUMNS:
                output = Output(name, NOTHING)
            if output is None:
                raise UnreadableError(f"column {name} is not in {alias}")
            return Found(output, (id(scope), alias))
        raise UnreadableError(f"{alias}.{name}: nothing in FROM is called {alias}")

    def entry(self, alias: str) -> Entry:
        """Find what `alias.*` means."""
        for scope in self.around():
            if alias in scope.entries:
                return scope.entries[alias]
        raise UnreadableError(f"{alias}.*: nothing in FROM is called {alias}")


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
