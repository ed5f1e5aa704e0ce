"""All that a recommender may look at: facts, no connections, no clock."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dbt_schema_evolve.records.column_trends import NOTHING_WATCHED, WatchedColumns
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.wishes import NO_WISHES, Wishes
from dbt_schema_evolve.records.workload import QueryUses


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """One fingerprint of the window, ready to be priced."""

    fingerprint: str
    sql: str  # with literals in place of `$n`, so that a planner takes it
    calls: int
    total_us: int
    uses: QueryUses
    consumers: tuple[str, ...] = ()
    node_id: str | None = None  # set when the query is a dbt model's own
    # Texts with other literals, where it matters which: each stands for as many calls as `sql`.
    draws: tuple[str, ...] = ()
    written_rows: int = 0  # in the window, by a query that writes; see `uses.writes`
    # What a call is predicted to take at the horizon over what it takes now, where advice is to
    # look ahead; 1 where it goes by what was.
    predicted_ratio: float = 1.0

    def each_draw(self) -> tuple["QueryFacts", ...]:
        """Return the query once for each text, with that text's part of the calls and the time."""
        texts = (self.sql, *self.draws)
        parts: Counter[str] = Counter()
        for at, text in enumerate(texts):
            parts[text] += (self.calls + len(texts) - 1 - at) // len(texts)
        calls = self.calls
        left_us, found = self.total_us, list[QueryFacts]()
        for text, part in parts.items():
            if not part and found:
                continue  # fewer calls than texts
            us = left_us * part // calls if calls else 0
            left_us, calls = left_us - us, calls - part
            found.append(replace(self, sql=text, draws=(), calls=part, total_us=us))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ModelRuns:
    """How often a node was built in the window and how long it took."""

    unique_id: str
    builds: int
    median_us: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user and the project's adapter allow."""

    max_key_columns: int = 3
    owned_only: bool = True  # leave out relations that no dbt node builds
    stock_indexes_only: bool = False  # dbt-postgres knows no `where` and no `include`


@dataclass(frozen=True, slots=True)
class Server:
    """What the warehouse's server can do, as far as advice depends on it."""

    extensions: tuple[tuple[str, str], ...] = ()  # name, schema
    orders_text_by_bytes: bool = False  # the database's collation is C

    def schema_of(self, extension: str) -> str | None:
        """Where an extension's objects are; None where it is not installed."""
        return dict(self.extensions).get(extension)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of one window."""

    window_days: float
    queries: tuple[QueryFacts, ...]  # by consumers
    model_queries: tuple[QueryFacts, ...]  # the SELECT of each model, once per build
    models: Mapping[RelationName, Node]  # the dbt node that owns each relation
    relations: Mapping[RelationName, RelationProfile]
    columns: Mapping[RelationName, tuple[ColumnProfile, ...]]
    indexes: Mapping[RelationName, tuple[IndexProfile, ...]]
    runs: Mapping[str, ModelRuns]
    forecasts: tuple[Forecast, ...] = ()
    exposed: frozenset[str] = frozenset()  # unique ids that an exposure names
    preferences: Preferences = Preferences()
    wishes: Wishes = NO_WISHES
    proven: frozenset[str] = frozenset()  # number keys of what the last validation accepted
    server: Server = Server()
    foreign_keys: tuple[tuple[RelationName, str, str], ...] = ()  # relation, name, definition
    watched: WatchedColumns = NOTHING_WATCHED

    def time_shares(self) -> dict[str, float]:
        """Return each query's share of the time that queries and builds of the window took."""
        facts = (*self.queries, *self.model_queries)
        total = sum(each.total_us for each in facts)
        shares: dict[str, float] = {}
        for each in facts if total else ():
            shares[each.fingerprint] = shares.get(each.fingerprint, 0.0) + each.total_us / total
        return shares
