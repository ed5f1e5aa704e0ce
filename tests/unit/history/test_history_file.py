"""The history file under bad circumstances: killed, locked, damaged, newer than we are."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.history.file import plainly
from dbt_schema_evolve.errors import BusyError, HistoryError
from dbt_schema_evolve.records.captures import Artifact
from dbt_schema_evolve.records.lineage import LineageGraph, LineageNode
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.workflows.lineage_diff import changes_by_state
from tests.fakes.captures import ORDERS, RANGES, facts
from tests.fakes.lineage_graphs import state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Historie 'für' alle" / "history.duckdb"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def child(code: str, *arguments: object) -> "subprocess.Popen[str]":
    """Run Python in another process, which says a line when it is ready."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_history_is_there_again_after_closing(path: Path) -> None:
    with DuckHistory(path) as history:
        history.add_capture(facts(1))
        before = (history.statement_snapshots(), history.latest_index_profiles())
    with DuckHistory(path, read_only=True) as history:
        assert (history.statement_snapshots(), history.latest_index_profiles()) == before


def test_ingesting_twice_gives_the_same_tables_byte_for_byte(path: Path) -> None:
    def dump() -> list[str]:
        with duckdb.connect(str(path)) as connection:
            tables = connection.execute("select table_name from duckdb_tables() order by 1")
            return [
                repr(connection.execute(f'select * from "{name}" order by all').fetchall())
                for (name,) in tables.fetchall()
            ]

    def ingest() -> None:
        with DuckHistory(path) as history:
            for number in range(3):
                history.add_capture(facts(number))
            history.add_artifact(Artifact("manifest", "a", "2026-03-01T00:00:00Z", b"{}"))

    ingest()
    once = dump()
    ingest()
    assert dump() == once


def test_each_text_is_stored_once(path: Path) -> None:
    with DuckHistory(path) as history:
        for number in range(4):
            history.add_capture(facts(number, statements=5))
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("select count(*) from texts").fetchone() == (5,)
        assert connection.execute("select count(*) from statement_snapshots").fetchone() == (20,)


def test_two_warehouses_share_a_file_and_nothing_else(path: Path) -> None:
    with DuckHistory(path, "prod") as history:
        history.add_capture(facts(1))
    with DuckHistory(path, "dev") as history:
        assert history.known_captures() == frozenset()
        assert history.statement_snapshots() == ()
        assert history.latest_relation_profiles() == ()
        assert history.add_capture(facts(1, relations=(ORDERS,)))
        assert {p.relation for p in history.latest_relation_profiles()} == {ORDERS}
    with DuckHistory(path, "prod") as history:
        assert len(history.latest_relation_profiles()) == 2


def test_numbers_that_are_none_become_unknown(path: Path) -> None:
    added = facts(1)
    odd = replace(added.columns[0], null_ratio=float("nan"), correlation=float("inf"))
    with DuckHistory(path) as history:
        history.add_capture(replace(added, columns=(odd,)))
        (column,) = history.latest_column_profiles()
    assert (column.null_ratio, column.correlation) == (None, None)


def test_a_number_too_large_for_the_file_is_refused_and_not_rounded(path: Path) -> None:
    added = facts(1)
    odd = replace(added.statements[0], calls=2**63)
    with DuckHistory(path) as history:
        with pytest.raises(duckdb.Error):
            history.add_capture(replace(added, statements=(odd,)))
        assert history.known_captures() == frozenset()
        assert history.add_capture(added)


def test_another_run_at_the_same_time_is_told_to_wait(path: Path) -> None:
    holder = child(
        """
        import sys
        from pathlib import Path
        from dbt_schema_evolve.backends.history import DuckHistory

        with DuckHistory(Path(sys.argv[1])):
            print("open", flush=True)
            sys.stdin.readline()
        """,
        path,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        for read_only in (False, True):
            with pytest.raises(BusyError) as caught, DuckHistory(path, read_only=read_only):
                pass
            assert caught.value.at == str(path)
    finally:
        holder.communicate("\n")
    with DuckHistory(path) as history:
        assert history.captures() == ()


def test_readers_do_not_wait_for_each_other(path: Path) -> None:
    with DuckHistory(path) as history:
        history.add_capture(facts(1))
    holder = child(
        """
        import sys
        from pathlib import Path
        from dbt_schema_evolve.backends.history import DuckHistory

        with DuckHistory(Path(sys.argv[1]), read_only=True):
            print("open", flush=True)
            sys.stdin.readline()
        """,
        path,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with DuckHistory(path, read_only=True) as history:
            assert len(history.captures()) == 1
    finally:
        holder.communicate("\n")


def test_killed_in_the_middle_of_a_capture_leaves_whole_captures(path: Path) -> None:
    """The process dies inside the transaction, after the head and before the indexes."""
    with DuckHistory(path) as history:
        history.add_capture(facts(0))
    killed = child(
        """
        import os, signal, sys
        from pathlib import Path
        from dbt_schema_evolve.backends.history import DuckHistory, duck
        from tests.fakes.captures import facts

        insert = duck.insert

        def dying(db, types, table, columns, same):
            if table == "index_profiles" and same["capture_number"] == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            insert(db, types, table, columns, same)

        duck.insert = dying
        with DuckHistory(Path(sys.argv[1])) as history:
            history.add_capture(facts(1))
            history.add_capture(facts(2))
        """,
        path,
    )
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    with DuckHistory(path) as history:
        assert history.known_captures() == {"run-000", "run-001"}
        assert {s.capture_id for s in history.statement_snapshots()} == {"run-000", "run-001"}
        assert len(history.relation_profiles()) == 4
        assert history.add_capture(facts(2))
        assert len(history.relation_profiles()) == 6


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999999])
def test_a_truncated_file_is_refused_and_left_alone(path: Path, share: float) -> None:
    with DuckHistory(path) as history:
        for number in range(3):
            history.add_capture(facts(number, statements=200))
    os.truncate(path, int(path.stat().st_size * share))
    before = digest(path)
    with pytest.raises(HistoryError) as caught, DuckHistory(path):
        pass
    assert caught.value.at == str(path)
    assert "ingest again" in caught.value.remedy
    assert digest(path) == before
    assert [file.name for file in path.parent.iterdir()] == ["history.duckdb"]


def test_a_file_whose_end_duckdb_gave_back_is_whole(path: Path) -> None:
    """Rows that change leave free blocks behind, which go with the next checkpoint."""
    for number in range(6):
        with DuckHistory(path) as history:
            column = Column("id", f"numeric({number + 1},0)")
            node = LineageNode("model.shop.a", "model", "a", columns=(column,) * 40)
            history.lineage.add(state(number), LineageGraph((node,), (), ()))
    with DuckHistory(path, read_only=True) as history:
        assert len(history.lineage.states()) == 6


@pytest.mark.parametrize(
    "content", [b"name,calls\n" * 1_000, b"SQLite format 3\x00" + b"\0" * 9_000]
)
def test_a_file_of_another_kind_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(HistoryError), DuckHistory(path):
        pass
    assert path.read_bytes() == content


def test_a_duckdb_file_of_somebody_else_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table sales (amount integer)")
    before = digest(path)
    with pytest.raises(HistoryError, match="not a history"), DuckHistory(path):
        pass
    assert digest(path) == before


def test_a_newer_history_is_refused_by_an_older_program(path: Path) -> None:
    with DuckHistory(path) as history:
        history.add_capture(facts(1))
    with duckdb.connect(str(path)) as connection:
        connection.execute("update meta set version = 99")
    with pytest.raises(HistoryError) as caught, DuckHistory(path):
        pass
    assert "version 99" in caught.value.problem
    assert "upgrade" in caught.value.remedy


def test_reading_before_the_first_ingest_says_so(path: Path) -> None:
    with pytest.raises(HistoryError) as caught, DuckHistory(path, read_only=True):
        pass
    assert "no history yet" in caught.value.problem
    assert not path.parent.exists()


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HistoryError), DuckHistory(tmp_path):
        pass


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    with pytest.raises(HistoryError), DuckHistory(tmp_path / "in the way" / "history.duckdb"):
        pass


def test_profiles_of_an_older_version_are_kept_and_have_no_ranges(path: Path) -> None:
    with DuckHistory(path) as history:
        history.add_capture(facts(1))
    with duckdb.connect(str(path)) as connection:
        for column in (
            "value_bits", "highest_value", "is_exact", "greatest_length", "sequence_value",
            "sequence_limit", "sequence_cycles", "referenced_schema", "referenced_relation",
            "referenced_column",
        ):  # fmt: skip
            connection.execute(f"alter table column_profiles drop column {column}")
        connection.execute("update meta set version = 3")
    with DuckHistory(path) as history:
        history.add_capture(facts(2))
        found = history.column_profiles()
    at = [facts(number).capture.captured_at for number in (1, 2)]
    assert {each.range for each in found if each.captured_at == at[0]} == {None}
    assert {each.range for each in found if each.captured_at == at[1]} == set(RANGES.values())


def test_states_of_an_older_version_are_kept_and_know_no_code(path: Path) -> None:
    def graph(code: str) -> LineageGraph:
        return LineageGraph((LineageNode("model.shop.a", "model", "a", code_digest=code),), (), ())

    with DuckHistory(path) as history:
        history.lineage.add(state(0), graph(""))
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table lineage_nodes drop column code_digest")
        connection.execute("update meta set version = 4")
    with DuckHistory(path) as history:
        history.lineage.add(state(1), graph("0" * 16))
        history.lineage.add(state(2), graph("f" * 16))
        assert history.lineage.graph_at(state(0)) == graph("")
        assert history.lineage.graph_at(state(2)) == graph("f" * 16)
        told = changes_by_state(history.lineage, state(0).generated_at)
    assert [len(each.changes) for each in told] == [0, 1]


def test_of_a_share_four_digits_are_kept_however_small_it_is(path: Path) -> None:
    added = facts(1)
    odd = replace(
        added.columns[0], null_ratio=0.000033337, top_value_ratio=0.360049, distinct=12_345.0
    )
    with DuckHistory(path) as history:
        history.add_capture(replace(added, columns=(odd,)))
        (column,) = history.latest_column_profiles()
    assert (column.null_ratio, column.top_value_ratio) == (3.334e-5, 0.36)
    assert column.distinct == 12_345.0


def test_a_folder_that_forbids_writing_is_told_apart_from_another_run(path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be written") as refused, plainly(path):
        raise duckdb.TransactionException('Failed to commit: "x.wal": Permission denied')
    assert "rights" in refused.value.remedy
    with pytest.raises(BusyError), plainly(path):
        raise duckdb.TransactionException("Conflict on update!")
