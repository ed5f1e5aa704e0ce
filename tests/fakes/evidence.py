"""Evidence written down as plain dicts, so that a golden case fits on a screen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import (
    Evidence,
    ModelRuns,
    Preferences,
    QueryFacts,
    Server,
)
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName
from dbt_schema_evolve.records.workload import ColumnUse, QueryUses, UseKind

NOW = datetime(2026, 11, 1, tzinfo=UTC)


_ORDERED = frozenset({UseKind.ORDER, UseKind.GROUP})


def named(text: str) -> RelationName:
    """Read `schema.name`; a relation with dots in its name is written with `|`."""
    schema, name = text.split("|" if "|" in text else ".", 1)
    return RelationName(schema, name)


def index_of(relation: RelationName, what: Mapping[str, Any]) -> IndexSpec:
    """Read `{keys: [a, -b, c using x_ops], include: [d], where: ..., method: brin}`."""
    keys = []
    for term in what["keys"]:
        down = term.startswith("-")
        name, _, operator_class = term.removeprefix("-").partition(" using ")
        keys.append(IndexKey(name, "(" in name, down, down, operator_class))
    return IndexSpec(
        relation,
        tuple(keys),
        tuple(what.get("include", ())),
        what.get("where", ""),
        what.get("unique", False),
        what.get("method", "btree"),
    )


def evidence_of(case: Mapping[str, Any]) -> Evidence:
    """Build evidence from the keys relations, queries, models and exposed."""
    models: dict[RelationName, Node] = {}
    relations: dict[RelationName, RelationProfile] = {}
    columns: dict[RelationName, tuple[ColumnProfile, ...]] = {}
    indexes: dict[RelationName, tuple[IndexProfile, ...]] = {}
    runs: dict[str, ModelRuns] = {}
    for text, what in case.get("relations", {}).items():
        name = named(text)
        relations[name], columns[name], indexes[name] = _profiles(name, what)
        node = _node(name, what)
        if node is not None:
            models[name] = node
            runs[node.unique_id] = ModelRuns(
                node.unique_id, what.get("builds", 10), what.get("build_us", 1_000_000)
            )
    return Evidence(
        window_days=case.get("window_days", 10.0),
        queries=tuple(_query(name, what) for name, what in case.get("queries", {}).items()),
        model_queries=tuple(
            _query(name, what, node_id=f"model.shop.{name}")
            for name, what in case.get("model_queries", {}).items()
        ),
        models=models,
        relations=relations,
        columns=columns,
        indexes=indexes,
        runs=runs,
        exposed=frozenset(case.get("exposed", ())),
        preferences=Preferences(**case.get("preferences", {})),
        server=_server(case.get("server", {})),
        foreign_keys=tuple(
            (named(relation), name, definition)
            for relation, name, definition in case.get("foreign_keys", ())
        ),
    )


def _server(what: Mapping[str, Any]) -> Server:
    extensions = tuple(sorted(what.get("extensions", {}).items()))
    return Server(extensions, what.get("orders_text_by_bytes", False))


def _profiles(
    name: RelationName, what: Mapping[str, Any]
) -> tuple[RelationProfile, tuple[ColumnProfile, ...], tuple[IndexProfile, ...]]:
    is_view = what.get("materialized") == "view"
    kind = RelationKind(what.get("kind", "view" if is_view else "table"))
    relation = RelationProfile(
        relation=name,
        kind=kind,
        captured_at=NOW,
        estimated_rows=what.get("rows"),
        table_bytes=what.get("bytes"),
        index_bytes=None,
        inserted_rows=what.get("inserted"),
        updated_rows=what.get("updated"),
        deleted_rows=what.get("deleted"),
    )
    columns = tuple(
        ColumnProfile(
            name,
            column,
            facts.get("type", "integer"),
            NOW,
            facts.get("nulls"),
            facts.get("distinct"),
            facts.get("width", 4),
            facts.get("correlation"),
            collation=facts.get("collation", ""),
        )
        for column, facts in what.get("columns", {}).items()
    )
    indexes = tuple(
        IndexProfile(
            index_of(name, each),
            each.get("name", f"i{number}"),
            NOW,
            1_000_000,
            each.get("scans"),
            each.get("primary", False),
            each.get("valid", True),
            each.get("constraint", False),
            needed_for=each.get("needed_for", ""),
        )
        for number, each in enumerate(what.get("indexes", ()))
    )
    return relation, columns, indexes


def _node(name: RelationName, what: Mapping[str, Any]) -> Node | None:
    if what.get("owned", True) is False:
        return None
    return Node(
        unique_id=f"model.shop.{name.name}",
        resource_type=what.get("resource", "model"),
        name=name.name,
        package="shop",
        relation=name,
        materialized=what.get("materialized", "table"),
        path=f"models/{name.name}.sql",
        depends_on=tuple(what.get("depends_on", ())),
        language=what.get("language", "sql"),
        config=what.get("config", {}),
    )


def _query(fingerprint: str, what: Mapping[str, Any], node_id: str | None = None) -> QueryFacts:
    uses = frozenset(_uses(what))
    base = frozenset(use.column.relation for use in uses) | {
        named(text) for text in what.get("base", ())
    }
    reads = frozenset(named(text) for text in what.get("reads", ())) or base
    calls = what.get("calls", 100)
    return QueryFacts(
        fingerprint=fingerprint,
        sql=what.get("sql", fingerprint),
        calls=calls,
        total_us=what.get("us", 1000 * calls),
        uses=QueryUses(
            fingerprint=fingerprint,
            reads=reads,
            writes=None,
            base_relations=base,
            views=frozenset(named(text) for text in what.get("views", ())),
            uses=uses,
            outputs=tuple(
                (name, frozenset({_column(text)})) for name, text in what.get("outputs", {}).items()
            ),
        ),
        consumers=tuple(what.get("consumers", ())),
        node_id=node_id,
        draws=tuple(what.get("draws", ())),
    )


def _column(text: str) -> ColumnName:
    relation, column = text.rsplit("/", 1)
    return ColumnName(named(relation), column)


def _uses(what: Mapping[str, Any]) -> list[ColumnUse]:
    """Read `equality: [marts.orders/status=open]`, `order: [-marts.orders/at]` and so on."""
    uses = []
    for kind in UseKind:
        for position, text in enumerate(what.get(kind.value, ())):
            if isinstance(text, Mapping):  # of an expression, or by an operator
                of = _column(text["of"])
                words = {key: text[key] for key in text if key != "of"}
                uses.append(ColumnUse(of, kind, position * (kind in _ORDERED), **words))
                continue
            term, _, constant = text.partition("=")
            uses.append(
                ColumnUse(
                    _column(term.removeprefix("-")),
                    kind,
                    position * (kind in _ORDERED),
                    term.startswith("-"),
                    constant,
                )
            )
    return uses
