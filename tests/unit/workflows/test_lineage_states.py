"""Each ingested manifest is a state of the graph; what is not compiled stands as it was."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dbt_schema_evolve.records.captures import Artifact
from dbt_schema_evolve.records.lineage import Detail, LineageGraph, Seen
from dbt_schema_evolve.records.lineage_changes import Aspect
from dbt_schema_evolve.records.lineage_states import Commit, LineageState
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.lineage import read_lineage
from dbt_schema_evolve.workflows.lineage_diff import (
    ArtifactFolder,
    KeptState,
    changes_by_state,
    lineage_diff,
)
from dbt_schema_evolve.workflows.lineage_states import keep_state
from tests.fakes.artifacts import MODELS, catalog, manifest, read, run_results
from tests.fakes.history import DictHistory
from tests.fakes.warehouse import StillWarehouse

ORDERS = RelationName("raw", "orders")
WAREHOUSE = StillWarehouse(
    {ORDERS: (Column("id", "bigint"), Column("amount", "numeric"), Column("status", "text"))}
)
PARSED = {name: (materialized, None) for name, (materialized, _) in MODELS.items()}
FLOW = ("source.shop.raw.orders", "amount", "model.shop.stg", "total")
DAY = datetime(2026, 3, 1, 6, 30, 0, 250_000, tzinfo=UTC)

EVER = datetime.min.replace(tzinfo=UTC)

Models = Mapping[str, tuple[str, str | None]]


def kept(history: DictHistory, models: Models, day: int) -> LineageState | Skip | None:
    return keep_state(read(manifest(models, day=day)), WAREHOUSE, history)


def newest(history: DictHistory) -> LineageGraph:
    return history.lineage.graph_at(history.lineage.states()[-1])


def details(graph: LineageGraph) -> dict[str, Detail]:
    return {node.id: node.detail for node in graph.nodes if node.id.startswith("model.")}


@pytest.fixture
def history() -> DictHistory:
    return DictHistory()


def test_a_state_holds_dbts_part_of_the_graph(history: DictHistory) -> None:
    state = kept(history, MODELS, 1)
    assert state == LineageState("run-001", DAY)
    graph = newest(history)
    assert [node.id for node in graph.nodes] == [
        "model.shop.fct", "model.shop.stg", "source.shop.raw.orders",
    ]  # fmt: skip
    assert FLOW in {edge[:4] for edge in graph.column_edges}
    assert next(n for n in graph.nodes if n.id == "model.shop.fct").materialized == "table"


def test_the_same_manifest_twice_is_one_state(history: DictHistory) -> None:
    kept(history, MODELS, 1)
    assert kept(history, MODELS, 1) is None
    assert len(history.lineage.states()) == 1


def test_an_older_manifest_is_left_out_and_said_so(history: DictHistory) -> None:
    kept(history, MODELS, 2)
    before = newest(history)
    skip = kept(history, PARSED, 1)
    assert isinstance(skip, Skip)
    assert "run-001" in skip.subject
    assert "older than the newest" in skip.reason
    assert newest(history) == before


def test_a_manifest_without_a_time_is_left_out(history: DictHistory) -> None:
    timeless = manifest().replace(b'"generated_at": "2026-03-01T06:30:00.250000Z", ', b"")
    skip = keep_state(read(timeless), WAREHOUSE, history)
    assert isinstance(skip, Skip)
    assert history.lineage.states() == ()


def test_the_command_is_that_of_the_same_invocation(history: DictHistory) -> None:
    keep_state(read(manifest(day=1), results=run_results(1, "build")), WAREHOUSE, history)
    keep_state(read(manifest(day=2), results=run_results(1, "build")), WAREHOUSE, history)
    assert [state.which for state in history.lineage.states()] == ["build", ""]


def test_the_runners_word_on_the_commit_counts_more_than_the_folder(history: DictHistory) -> None:
    folder = Commit("f" * 40, is_dirty=True)
    told = manifest(day=1, env={"DBT_CLOUD_GIT_SHA": "5d41402abc"})
    keep_state(read(told), WAREHOUSE, history, folder)
    keep_state(read(manifest(day=2)), WAREHOUSE, history, folder)
    commits = [state.commit for state in history.lineage.states()]
    assert commits == [Commit("5d41402abc"), folder]


def test_edges_stand_marked_stale_through_manifests_that_are_not_compiled(
    history: DictHistory,
) -> None:
    """What `dbt test` and `dbt parse` write, twice in a row."""
    kept(history, MODELS, 1)
    compiled = newest(history)
    for day in (2, 3):
        kept(history, PARSED, day)
        assert newest(history).column_edges == compiled.column_edges
        assert newest(history).indirect_edges == compiled.indirect_edges
        assert set(details(newest(history)).values()) == {Detail.STALE}
    assert history.lineage.seen().column_edges[FLOW] == Seen(DAY, DAY + timedelta(days=2))
    assert changes_by_state(history.lineage, EVER)[0].changes == ()


def test_one_model_compiled_alone_is_new_and_the_others_stand(history: DictHistory) -> None:
    """What `dbt build --select fct` writes."""
    kept(history, MODELS, 1)
    kept(history, {**PARSED, "fct": ("table", "select id, max(total) as top from marts.stg")}, 2)
    graph = newest(history)
    assert details(graph) == {"model.shop.fct": Detail.COLUMNS, "model.shop.stg": Detail.STALE}
    assert FLOW in {edge[:4] for edge in graph.column_edges}
    assert {e.target_column for e in graph.column_edges if e.target == "model.shop.fct"} == {
        "id", "top",
    }  # fmt: skip


def test_what_was_never_compiled_has_relations_only(history: DictHistory) -> None:
    kept(history, PARSED, 1)
    assert set(details(newest(history)).values()) == {Detail.RELATIONS}
    assert newest(history).column_edges == ()


def test_what_stands_is_what_was_last_compiled_and_not_what_was_compiled_first(
    history: DictHistory,
) -> None:
    kept(history, MODELS, 1)
    kept(history, {**MODELS, "fct": ("table", "select id, max(total) as top from marts.stg")}, 2)
    kept(history, PARSED, 3)
    kept(history, {"stg": PARSED["stg"]}, 4)  # fct is disabled for a day
    kept(history, PARSED, 5)
    columns = {
        e.target_column for e in newest(history).column_edges if e.target == "model.shop.fct"
    }
    assert columns == {"id", "top"}


def test_questions_of_today_see_stale_edges_too(history: DictHistory) -> None:
    kept(history, MODELS, 1)
    parsed = manifest(PARSED, day=2)
    kept(history, PARSED, 2)
    history.add_artifact(Artifact("manifest", "run-002", "2026-03-02T06:30:00Z", parsed))
    graph = read_lineage(history, WAREHOUSE.catalog()).graph
    assert FLOW in {edge[:4] for edge in graph.column_edges}
    assert details(graph)["model.shop.stg"] is Detail.STALE


def test_a_relation_that_the_warehouse_lacks_is_described_by_the_catalog_file(
    history: DictHistory,
) -> None:
    star = {**MODELS, "stg": ("view", "select * from raw.orders")}
    keep_state(
        read(manifest(star), catalog(id="integer", total="numeric")), StillWarehouse({}), history
    )
    assert {e[:4] for e in newest(history).column_edges if e.target == "model.shop.stg"} == {
        ("source.shop.raw.orders", name, "model.shop.stg", name) for name in ("id", "total")
    }
    assert history.lineage.type_history("source.shop.raw.orders", "total")[0].type == "numeric"


def test_a_diff_of_two_states_lists_what_changed(history: DictHistory) -> None:
    kept(history, MODELS, 1)
    kept(
        history,
        {**MODELS, "fct": ("view", "select id, max(total) as top from marts.stg group by id")},
        2,
    )
    first, last = (KeptState(history.lineage, state) for state in history.lineage.states())
    found = lineage_diff(first, last)
    assert found.before.startswith("2026-03-01 06:30:00 UTC, invocation run-001")
    assert [(c.sign, c.what, c.column) for c in found.changes] == [
        ("~", Aspect.MATERIALIZATION, ""),
        ("-", Aspect.COLUMN, "revenue"),
        ("+", Aspect.COLUMN, "top"),
        ("-", Aspect.COLUMN_EDGE, "revenue"),
        ("+", Aspect.COLUMN_EDGE, "top"),
    ]
    assert {c.node for c in found.changes} == {"model.shop.fct"}
    assert changes_by_state(history.lineage, EVER)[0].changes == found.changes


def test_a_file_that_says_something_else_is_a_change_and_a_date_that_dbt_puts_in_is_none(
    history: DictHistory,
) -> None:
    stg = "select id, amount as total, status from raw.orders where id > {}"
    for day, least in ((1, 1), (2, 2), (3, 2)):
        models = {**MODELS, "stg": ("view", stg.format(f"'2026-03-0{day}'"))}
        raw = {"stg": stg.format(f"{least} -- {{{{ run_started_at }}}} on day {day}")}
        keep_state(read(manifest(models, day=day, raw=raw)), WAREHOUSE, history)
    (changed, nothing) = (each.changes for each in changes_by_state(history.lineage, EVER))
    assert [(c.node, c.what, c.sign) for c in changed] == [("model.shop.stg", Aspect.CODE, "~")]
    assert nothing == ()


def test_a_folder_of_artifacts_is_compared_with_a_state(history: DictHistory) -> None:
    """The folder has no catalog: what the state knows of its source helps to read a star."""
    star = {**MODELS, "stg": ("view", "select *, amount as total from raw.orders")}
    kept(history, star, 1)
    renamed = {
        **star,
        "fct": ("table", "select id, sum(total) as turnover from marts.stg group by id"),
    }
    folder = ArtifactFolder("pull-request", read(manifest(renamed, day=9)))
    state = KeptState(history.lineage, history.lineage.states()[-1])
    found = lineage_diff(state, folder)
    assert found.after == "pull-request, invocation run-009"
    assert {(c.sign, c.what, c.column) for c in found.changes} == {
        ("-", Aspect.COLUMN, "revenue"), ("+", Aspect.COLUMN, "turnover"),
        ("-", Aspect.COLUMN_EDGE, "revenue"), ("+", Aspect.COLUMN_EDGE, "turnover"),
    }  # fmt: skip


def test_two_folders_need_no_history() -> None:
    before = ArtifactFolder("main", read(manifest(day=1), catalog(id="bigint", amount="numeric")))
    after = ArtifactFolder("branch", read(manifest({"stg": MODELS["stg"]}, day=2)))
    assert {(c.sign, c.node) for c in lineage_diff(before, after).changes} == {
        ("-", "model.shop.fct")
    }
