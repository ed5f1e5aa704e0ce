"""Evidence written down as plain dicts, so that a golden case fits on a screen."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dbt_schema_evolve.features.column_trends import column_trends
from dbt_schema_evolve.predict.alarms import alarms
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.column_trends import WatchedColumns
from dbt_schema_evolve.records.evidence import (
    Evidence,
    ModelRuns,
    Preferences,
    QueryFacts,
    Server,
)
from dbt_schema_evolve.records.profiles import (
    ColumnProfile,
    ColumnRange,
    IndexProfile,
    RelationProfile,
    SequenceState,
)
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
        watched=_watched(case, columns),
    )


def _watched(
    case: Mapping[str, Any], columns: Mapping[RelationName, tuple[ColumnProfile, ...]]
) -> WatchedColumns:
    """Read what columns say under `past`, through the stages that would have read a history."""
    facts = {
        (named(text), column): found
        for text, what in case.get("relations", {}).items()
        for column, found in what.get("columns", {}).items()
    }
    past = [
        each
        for profiles in columns.values()
        for profile in profiles
        for each in _past(profile, facts[profile.relation, profile.column].get("past"))
    ]
    trends = column_trends(past, NOW)
    return WatchedColumns(
        trends,
        alarms(trends, {}, NOW),
        frozenset(map(_column, case.get("calculated", ()))),
        frozenset(map(_column, case.get("aggregated", ()))),
    )


def _past(profile: ColumnProfile, what: Mapping[str, Any] | None) -> Iterator[ColumnProfile]:
    """Yield a profile a look; of two numbers, the first was in the beginning, the second is now.

    `{days: 120, every: 1, bits: 6, key: [10, 500], length: ..., top: [0.3, 0.4]}`.
    """
    if what is None:
        return
    looks = int(what.get("days", 120) / what.get("every", 1)) + 1
    for look in range(looks):
        share = look / max(looks - 1, 1)

        def now_of(key: str, share: float = share) -> Any:
            given = what.get(key)
            if not isinstance(given, list):
                return given
            return type(given[1])(given[0] + share * (given[1] - given[0]))

        key, sequence = now_of("key"), now_of("sequence")
        state = SequenceState(sequence, what.get("ends", 2**63 - 1)) if sequence else None
        references = what.get("references")
        yield replace(
            profile,
            captured_at=NOW - timedelta(days=what.get("days", 120) * (1 - share)),
            top_value_ratio=now_of("top"),
            range=ColumnRange(
                now_of("bits") if key is None else key.bit_length(),
                key,
                what.get("exact", key is not None),
                now_of("length"),
                state,
                _column(references) if references else None,
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
            position=facts.get("position", number),
            collation=facts.get("collation", ""),
        )
        for number, (column, facts) in enumerate(what.get("columns", {}).items(), 1)
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
        raw_code=what.get("sql", ""),
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
