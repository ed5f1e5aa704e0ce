"""`lineage push` writes the graph, says what it did, and why it could not."""

import json
import socket
import sys
from pathlib import Path

import pytest
from click.testing import Result

from dbt_schema_evolve.backends.graph.embedded import EmbeddedGraph
from dbt_schema_evolve.cli import main
from tests.unit.cli.test_bad_input import error_lines
from tests.unit.cli.test_lineage_commands import ask
from tests.unit.cli.test_lineage_commands import project as project  # the fixture  # noqa: PLC0414


def errors(result: Result) -> list[str]:
    """The three lines, without the one that says that no warehouse was there."""
    return [line for line in error_lines(result) if not line.startswith("cannot connect")]


def test_the_graph_is_written_beside_the_history_and_counted(project: Path) -> None:
    result = ask(project, "push", "--format", "json")
    assert result.exit_code == 0, result.output
    first = json.loads(result.stdout)
    assert first["vertices"]["written"] > 10
    with EmbeddedGraph(project / ".schema_evolve" / "lineage.duckdb") as store:
        held = store.read("shop")
    assert len(held.vertices) == first["vertices"]["written"]
    assert len(held.edges) == first["edges"]["written"]
    again = ask(project, "push").stdout.splitlines()
    assert again[0].split() == [
        "Vertices", "0", "written,", "0", "updated,", "0", "deleted,",
        str(len(held.vertices)), "unchanged",
    ]  # fmt: skip


def test_two_names_are_two_graphs_in_one_file(project: Path) -> None:
    path = project / "graph.duckdb"
    for name in ("shop_dev", "shop_prod"):
        assert ask(project, "push", "--uri", str(path), "--name", name).exit_code == 0
    with EmbeddedGraph(path) as store:
        assert len(store.read("shop_dev").edges) == len(store.read("shop_prod").edges) > 10


def test_a_file_of_another_kind_is_left_alone(project: Path) -> None:
    history = project / ".schema_evolve" / "history.duckdb"
    before = history.read_bytes()
    assert errors(ask(project, "push", "--uri", str(history))) == [
        " error: this DuckDB file is not a lineage graph of ours",
        f"    at: {history}",
        "   try: choose another file",
    ]
    assert history.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(project: Path) -> None:
    path = project / "dbt_project.yml"
    lines = errors(ask(project, "push", "--uri", str(path)))
    assert lines[0].startswith(" error: the graph file cannot be used: ")
    assert path.read_text().startswith("name: shop")


@pytest.mark.parametrize(
    ("kind", "scheme", "server"), [("neo4j", "bolt", "Neo4j"), ("janusgraph", "ws", "Gremlin")]
)
def test_a_server_that_is_not_there_is_named(
    project: Path, kind: str, scheme: str, server: str
) -> None:
    with socket.socket() as closed:  # bound, and nobody listens
        closed.bind(("127.0.0.1", 0))
        uri = f"{scheme}://127.0.0.1:{closed.getsockname()[1]}"
        lines = errors(ask(project, "push", "--to", kind, "--uri", uri))
    assert lines[0].startswith(f" error: no {server} server answers")
    assert lines[1] == f"    at: {uri}"
    assert len(lines) == 3


@pytest.mark.parametrize("kind", ["neo4j", "janusgraph"])
@pytest.mark.parametrize("uri", ["http://localhost:7474", "localhost:7687", "bolt", "bolt://[x"])
def test_a_word_that_is_no_address_is_refused(project: Path, kind: str, uri: str) -> None:
    lines = errors(ask(project, "push", "--to", kind, "--uri", uri))
    assert lines[:2] == [f" error: this is no address of a {kind} server", f"    at: {uri}"]
    assert lines[2].startswith("   try: write for example ")


def test_a_password_in_the_address_is_refused_and_not_repeated(project: Path) -> None:
    result = ask(project, "push", "--to", "neo4j", "--uri", "bolt://neo4j:hunter2@localhost:7687")
    assert errors(result)[0] == " error: the address holds a password"
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("kind", "package"), [("neo4j", "neo4j"), ("janusgraph", "gremlin_python")]
)
def test_a_missing_package_is_named_with_its_extra(
    project: Path, kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, f"dbt_schema_evolve.backends.graph.{kind}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    lines = errors(ask(project, "push", "--to", kind))
    assert lines[-1] == f"   try: pip install 'dbt-schema-evolve[{kind}]'"


def test_the_password_is_asked_for_and_never_an_option() -> None:
    push = main.commands["lineage"].commands["push"]  # type: ignore[attr-defined]
    assert not any("password" in name for option in push.params for name in option.opts)
