"""Wanted physical states, the changes that lead there, and what speaks for them."""

from dataclasses import dataclass, replace

from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.predicates import normal_predicate
from dbt_schema_evolve.records.relations import ColumnName, RelationName, quoted
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True, order=True)
class IndexKey:
    """One key of an index: a column, or an expression in SQL."""

    term: str
    is_expression: bool = False
    descending: bool = False
    nulls_first: bool = False
    operator_class: str = ""

    @property
    def sql(self) -> str:
        """The key as it stands between the parentheses of CREATE INDEX."""
        parts = [f"({self.term})" if self.is_expression else quoted(self.term)]
        if self.operator_class:
            parts.append(self.operator_class)
        if self.descending:
            parts.append("desc")
        if self.nulls_first != self.descending:  # the default is first for desc, last for asc
            parts.append("nulls first" if self.nulls_first else "nulls last")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, order=True)
class IndexSpec:
    """An index by what it is, not by what it is called."""

    relation: RelationName
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    where: str = ""  # a predicate in SQL; empty for a full index
    unique: bool = False
    method: str = "btree"

    @property
    def create_sql(self) -> str:
        """CREATE INDEX without a name, so that Postgres picks a free one."""
        keys = ", ".join(key.sql for key in self.keys)
        words = [
            "create unique index on" if self.unique else "create index on",
            f"{self.relation.sql} using {self.method} ({keys})",
        ]
        if self.include:
            words.append(f"include ({', '.join(quoted(column) for column in self.include)})")
        if self.where:
            words.append(f"where {self.where}")
        return " ".join(words)

    def is_like(self, other: "IndexSpec") -> bool:
        """Whether it is the same index, however Postgres spells its SQL."""
        return self._normal == other._normal

    @property
    def _normal(self) -> "IndexSpec":
        keys = tuple(
            replace(key, term=normal_predicate(key.term)) if key.is_expression else key
            for key in self.keys
        )
        return replace(
            self,
            keys=keys,
            include=tuple(sorted(self.include)),
            where=normal_predicate(self.where),
        )

    def on(self, relation: RelationName) -> "IndexSpec":
        """The same index on another relation."""
        return replace(self, relation=relation)

    def __str__(self) -> str:
        """The index for people: `marts.orders (customer_id, ordered_at desc)`."""
        keys = ", ".join(key.sql.replace('"', "") for key in self.keys)
        text = f"{self.relation} ({keys})"
        if self.method != "btree":
            text += f" using {self.method}"
        if self.include:
            text += f" include ({', '.join(self.include)})"
        return f"{text} where {self.where}" if self.where else text


@dataclass(frozen=True, slots=True, order=True)
class DropIndexSpec:
    """The absence of an index that exists today."""

    index: IndexSpec

    @property
    def relation(self) -> RelationName:
        """The relation that loses the index."""
        return self.index.relation

    def __str__(self) -> str:
        """The drop for people."""
        return f"drop index {self.index}"


@dataclass(frozen=True, slots=True, order=True)
class MaterializationSpec:
    """How a dbt model should be kept: view, table, incremental or materialized_view."""

    relation: RelationName
    materialized: str

    def __str__(self) -> str:
        """The state for people."""
        return f"{self.relation} as {self.materialized}"


@dataclass(frozen=True, slots=True, order=True)
class ColumnTypeSpec:
    """Other types for columns of a relation; together, for alone they may save nothing."""

    relation: RelationName
    types: tuple[tuple[str, str], ...]  # column and type, in the table's order

    def __str__(self) -> str:
        """The types for people: `marts.lines (quantity smallint, line_number smallint)`."""
        return f"{self.relation} ({', '.join(f'{column} {kind}' for column, kind in self.types)})"


Spec = IndexSpec | DropIndexSpec | MaterializationSpec | ColumnTypeSpec
Configuration = frozenset[Spec]
"""Specs that are priced together; the empty one is the warehouse as it is."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change worth pricing, and the queries that made us think of it."""

    kind: str  # the recommender's name
    spec: Spec
    fingerprints: frozenset[str]
    reason: str
    by_hand: str = ""  # why no patch can carry it and what to do instead; empty: patch it
    is_pinned: bool = False  # the project wants it, whether it pays or not

    @property
    def number_key(self) -> str:
        """What names it across runs, as a recommendation too: its kind and its spec."""
        return f"{self.kind}: {self.spec}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What bounds a selection; None is no bound."""

    bytes: int | None = None
    build_us: int | None = None  # that one dbt run may take longer
    write_ratio: float | None = None  # by which the writes of one incremental may get dearer
    seconds: float | None = None  # that the search may take
    candidates_at_once: int = 400  # that are weighed against each other; then come the next


UNBOUNDED = Budget()


@dataclass(frozen=True, slots=True)
class QueryBenefit:
    """What one query is estimated to gain; costs are the planner's units, per call."""

    fingerprint: str
    calls: int
    estimated_cost_before: float
    estimated_cost_after: float
    plan_before: tuple[PlanNode, ...] = ()
    plan_after: tuple[PlanNode, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsumerBenefit:
    """What one consumer is estimated to gain, over all queries that it sends."""

    consumer: str
    calls: int  # of the queries that gain
    estimated_saved_ratio: float  # of the cost of all its queries


@dataclass(frozen=True, slots=True)
class Payer:
    """A dbt node whose builds get slower."""

    model_id: str
    estimated_us: int  # per dbt run


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A chosen change with its evidence, its price and its undo."""

    kind: str
    spec: Spec
    model_id: str  # unique id of the dbt node that owns the relation; empty for a source
    reason: str
    evidence: tuple[str, ...]  # sentences with figures
    benefits: tuple[QueryBenefit, ...]  # largest first
    consumers: tuple[str, ...]
    estimated_benefit_ratio: float  # share of the workload's estimated cost that it saves
    estimated_bytes: int  # extra space; negative when it frees some
    estimated_build_us: int  # extra time per dbt run; negative when it saves some
    undo: str  # one sentence
    by_hand: str = ""  # as in Candidate
    consumer_benefits: tuple[ConsumerBenefit, ...] = ()  # largest first
    payers: tuple[Payer, ...] = ()  # largest first

    @property
    def is_priced(self) -> bool:
        """Whether an oracle could tell what queries gain: of work for a person it mostly cannot."""
        return not self.by_hand or bool(self.benefits)

    @property
    def number_key(self) -> str:
        """What names a recommendation across runs: its kind and its spec."""
        return f"{self.kind}: {self.spec}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that was not chosen, and why."""

    candidate: Candidate
    reason: str
    is_wish: bool = False  # the project's own config rules it out


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a column that no change of ours mends, and what it means for others."""

    column: ColumnName
    sentence: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen together, what was not, and what the choice rests on."""

    recommendations: tuple[Recommendation, ...]  # in the order in which they pay
    rejected: tuple[Rejection, ...]
    estimated_cost_before: float  # of the whole window: calls times cost, plus the builds
    estimated_cost_after: float
    estimated_bytes: int  # net: what is added minus what is freed
    us_per_cost: float  # measured microseconds for one unit of the planner's cost
    priced: frozenset[str]  # fingerprints
    unpriced: tuple[Skip, ...]
    oracle_calls: int = 0
    priced_queries: int = 0  # how many pairs of query and configuration the oracle saw
    notices: tuple[Notice, ...] = ()  # the worst first

    @property
    def configuration(self) -> Configuration:
        """All chosen specs that a patch can carry."""
        return frozenset(each.spec for each in self.recommendations if not each.by_hand)
