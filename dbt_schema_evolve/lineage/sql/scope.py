"""What a name means at one place of a query: Postgres' rules of visibility."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.equalities import Equality
from dbt_schema_evolve.lineage.sql.parsing import DoubtError, UnreadableError
from dbt_schema_evolve.lineage.sql.rows import NOTHING, Anything, Entry, Found, Output, Rows, whole

SYSTEM_COLUMNS = frozenset(["ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"])


@dataclass(slots=True, eq=False)
class Scope:
    """The FROM clause of one query, and the queries around it."""

    parent: "Scope | None"
    ctes: Mapping[str, Callable[[], "Rows"]]
    windows: dict[str, exp.Window] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)  # by alias
    unnamed: list[Entry] = field(default_factory=list)
    joined: dict[str, Output] = field(default_factory=dict)  # by USING or NATURAL: one column
    equalities: list[Equality] = field(default_factory=list)  # that hold for every row
    optional: frozenset[object] = frozenset()  # items that the join at hand may leave empty

    def add(self, alias: str, entry: Entry) -> None:
        """Make an entry visible; the first of two equal names wins, as nobody could mean both."""
        if not alias or alias in self.entries:
            self.unnamed.append(entry)
        else:
            self.entries[alias] = entry

    def items(self) -> frozenset[object]:
        """Return what stands in FROM so far, as `Found.item` names it."""
        return frozenset((id(self), alias) for alias in (*self.entries, *range(len(self.unnamed))))

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
        raise DoubtError(f"column {name} is in none of the relations that it could come from")

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
            raise DoubtError(f"column {name} may come from several relations of unknown columns")
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
                raise DoubtError(f"column {name} is not in {alias}")
            return Found(output, (id(scope), alias))
        raise UnreadableError(f"{alias}.{name}: nothing in FROM is called {alias}")

    def entry(self, alias: str) -> Entry:
        """Find what `alias.*` means."""
        for scope in self.around():
            if alias in scope.entries:
                return scope.entries[alias]
        raise UnreadableError(f"{alias}.*: nothing in FROM is called {alias}")
