"""Trials go on until what is left was accepted together, and the patch carries just that."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from dbt_schema_evolve.lineage.graph import project_schema
from dbt_schema_evolve.patch.diff import unified_diff
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.ports import Side
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec, Recommendation, Selection
from dbt_schema_evolve.records.evidence import Evidence, ModelRuns, QueryFacts
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.outcomes import Label
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.prospects import Spoke
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import Decision
from dbt_schema_evolve.records.workload import QueryUses
from dbt_schema_evolve.workflows.advise import Advice
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.predict import Prediction
from dbt_schema_evolve.workflows.validate import Validation, validate

ORDERS, EVENTS = RelationName("marts", "orders"), RelationName("marts", "events")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
INDEX = {each: IndexSpec(each, (IndexKey("id"),)) for each in (ORDERS, EVENTS)}
FILES = {
    f"models/{each.name}.sql": b"{{ config(materialized='table') }}\nselect 1 as id\n"
    for each in INDEX
}
NODES = tuple(
    Node(
        unique_id=f"model.shop.{each.name}", resource_type="model", name=each.name, package="shop",
        relation=each, materialized="table", path=f"models/{each.name}.sql",
        unrendered_config={"materialized": "table"},
    )
    for each in (EVENTS, ORDERS)
)  # fmt: skip
PROJECT = Project("shop", "postgres", "1.11.16", "1", "2026-01-01", NODES, (), ())


class Silent:
    """Nobody watches."""

    def step(self, text: str) -> None:
        """Say nothing."""


class FakeShadow:
    """Two sides on paper: an index makes its relation's query as fast as `ratios` says."""

    def __init__(self, ratios: Mapping[RelationName, float]) -> None:
        self._ratios = ratios
        self.patched_files: list[Mapping[str, bytes]] = []
        self.seconds: list[float] = []
        self.asked: list[str] = []

    def prepare(self, side: Side, files: Mapping[str, bytes]) -> Mapping[str, RelationName]:
        if side is Side.PATCHED:
            self.patched_files.append(files)
        return {node.unique_id: RelationName(side.value, node.name) for node in NODES}

    def build(self, side: Side) -> Mapping[str, int]:
        del side
        return {node.unique_id: 1_000_000 for node in NODES}

    def settle(self) -> None: ...

    def digest(self, query: str) -> str:
        self.asked.append(query)
        return query.partition("where")[2]

    def relation_digest(self, relation: RelationName, columns: Sequence[str]) -> str:
        return f"{relation.name} {columns}"

    def columns(self, relation: RelationName) -> tuple[str, ...]:
        del relation
        return ("id",)

    def paired_times(
        self, baseline: str, patched: str, seconds: float
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        self.asked += (baseline, patched)
        self.seconds.append(seconds)
        indexed = [each for each in self._indexed() if f'"{each.name}"' in patched]
        ratio = self._ratios[indexed[0]] if indexed else 1.0
        return (100_000,) * 9, (round(100_000 * ratio),) * 9

    def plan(self, query: str) -> tuple[PlanNode, ...]:
        side = Side.PATCHED if Side.PATCHED.value in query else Side.BASELINE
        (relation,) = (each for each in INDEX if f'"{each.name}"' in query)
        shadow_name = RelationName(side.value, relation.name)
        if side is Side.BASELINE or relation not in self._indexed():
            return (PlanNode(0, "Seq Scan", shadow_name, None, 1.0, 8, 0.0, 100.0),)
        index = INDEX[relation].on(shadow_name)
        return (PlanNode(0, "Index Scan", shadow_name, index, 1.0, 8, 0.0, 8.0),)

    def sizes(self, side: Side) -> Mapping[RelationName, int]:
        return {RelationName(side.value, each.name): 8192 for each in INDEX}

    def _indexed(self) -> list[RelationName]:
        return [each for each in INDEX if f"models/{each.name}.sql" in self.patched_files[-1]]


def advice() -> Advice:
    recommendations = tuple(
        Recommendation(
            kind="index", spec=INDEX[each], model_id=f"model.shop.{each.name}", reason="",
            evidence=(), benefits=(), consumers=(), estimated_benefit_ratio=0.1,
            estimated_bytes=8192, estimated_build_us=0, undo="",
        )
        for each in (ORDERS, EVENTS)
    )  # fmt: skip
    queries = tuple(
        QueryFacts(
            fingerprint=each.name, sql=f"select id from marts.{each.name} where id = 1", calls=100,
            total_us=10_000_000,
            uses=QueryUses(each.name, frozenset({each}), None, frozenset({each}), frozenset(),
                           frozenset()),
        )
        for each in (ORDERS, EVENTS)
    )  # fmt: skip
    written = QueryUses(
        "write", frozenset({ORDERS}), ORDERS, frozenset({ORDERS}), frozenset(), frozenset()
    )
    queries += (QueryFacts("write", "delete from marts.orders where id = 1", 100, 1, written),)
    patch, by_hand = plan_patch(recommendations, PROJECT, FILES)
    return Advice(
        lineage=Lineage(
            PROJECT, project_schema(PROJECT, {}), LineageGraph((), (), ()), (), {}, (), ()
        ),
        prediction=Prediction(
            (), (), (), Persistence(), Spoke("persistence", "a test"), NOW, 30.0
        ),
        evidence=Evidence(
            window_days=10.0, queries=queries, model_queries=(),
            models={node.relation: node for node in NODES if node.relation},
            relations={}, columns={}, indexes={},
            runs={node.unique_id: ModelRuns(node.unique_id, 10, 1_000_000) for node in NODES},
        ),
        selection=Selection(recommendations, (), 1.0, 0.5, 16384, 1.0, frozenset(), ()),
        patch=patch,
        diff=unified_diff(patch),
        by_hand=by_hand,
        skips=(),
    )  # fmt: skip


def run(ratios: Mapping[RelationName, float]) -> tuple[FakeShadow, Validation]:
    shadow = FakeShadow(ratios)
    return shadow, validate(advice(), FILES, shadow, Silent())


def test_one_trial_is_enough_where_all_is_accepted() -> None:
    shadow, validation = run({ORDERS: 0.1, EVENTS: 0.5})
    assert len(shadow.patched_files) == 1
    assert {verdict.decision for verdict in validation.verdicts} == {Decision.ACCEPT}
    assert [edit.path for edit in validation.patch.edits] == [
        "models/events.sql",
        "models/orders.sql",
    ]


def test_what_was_rejected_is_out_of_the_next_trial_and_of_the_patch() -> None:
    shadow, validation = run({ORDERS: 0.1, EVENTS: 1.5})
    assert [sorted(files) for files in shadow.patched_files] == [
        ["models/events.sql", "models/orders.sql"],
        ["models/orders.sql"],
    ]
    decisions = {v.recommendation.spec.relation: v.decision for v in validation.verdicts}
    assert decisions == {ORDERS: Decision.ACCEPT, EVENTS: Decision.REJECT}
    assert [edit.path for edit in validation.patch.edits] == ["models/orders.sql"]
    assert {speed.fingerprint: speed.measured_ratio for speed in validation.speeds} == {
        "orders": 0.1,
        "events": 1.0,
    }


def test_nothing_is_left_where_nothing_helps() -> None:
    shadow, validation = run({ORDERS: 1.0, EVENTS: 1.5})
    assert len(shadow.patched_files) == 1
    assert validation.accepted == ()
    assert validation.speeds == ()
    assert validation.patch.edits == ()


def test_what_a_changed_plan_was_measured_to_gain_is_an_outcome_to_learn_from() -> None:
    _, validation = run({ORDERS: 0.1, EVENTS: 2.0})
    labels = {(each.query, each.label) for each in validation.outcomes}
    assert labels == {("orders", Label.GAIN), ("events", Label.REGRESSION)}


def test_a_query_whose_plan_stays_teaches_nothing() -> None:
    _, validation = run({ORDERS: 0.1, EVENTS: 2.0})
    last = validation.trials[-1]
    assert [each.query for each in last.outcomes] == ["orders"]
    assert len(last.speeds) == 2


def test_the_time_goes_to_the_queries_whose_plan_is_another() -> None:
    shadow, _ = run({ORDERS: 0.1, EVENTS: 2.0})
    first, second = shadow.seconds[:2], shadow.seconds[2:]
    assert first == [20.0, 20.0]  # both have an index
    assert second == [40.0, 0.0]  # the rejected one is as before: the fewest pairs will do


def test_what_changes_rows_is_never_run() -> None:
    shadow, validation = run({ORDERS: 0.1, EVENTS: 0.5})
    assert "write" in {skip.subject for skip in validation.skips}
    assert shadow.asked
    assert not any("delete" in text for text in shadow.asked)
