"""Each call counts once, whoever saw it; and a text cut short is found again or named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.execution_statements import united, with_fingerprints
from dbt_schema_evolve.ingest.execution_stats import ExecutionStats, execution_stats
from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.ingest.tags import application_tags
from dbt_schema_evolve.records.executions import ExecutionCount, ExecutionSource
from dbt_schema_evolve.records.workload import QueryStat, Sender, Statement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = "select a from t where b = $1"
NAME = fingerprint(TEXT)


def count(minutes: int = 0, calls: int = 5, **changes: Any) -> ExecutionCount:
    at = NOON + timedelta(minutes=minutes)
    found = {
        "text": TEXT, "source": ExecutionSource.LOG, "first_at": at, "last_at": at,
        "calls": calls, "total_us": calls * 100, "rows": calls, "role": "ann",
    }  # fmt: skip
    return ExecutionCount(**{**found, **changes})


def window(start: int, end: int, role: str = "ann") -> QueryStat:
    """What pg_stat_statements counted between two minutes after noon."""
    at = [NOON + timedelta(minutes=minutes) for minutes in (start, end)]
    return QueryStat(NAME, role, at[0], at[1], 7, 700, 7, 0, 0)


def stats(counts: list[ExecutionCount], *windows: QueryStat) -> ExecutionStats:
    return execution_stats([(NAME, each) for each in counts], windows)


def calls(counts: list[ExecutionCount], *windows: QueryStat) -> int:
    found = stats(counts, *windows)
    return sum(stat.calls for stat in (*found.timed, *found.untimed))


def test_what_pg_stat_statements_counted_is_not_counted_again() -> None:
    assert calls([count(5)], window(0, 10)) == 0


@pytest.mark.parametrize("minutes", [-1, 11])
def test_what_lies_outside_its_windows_counts(minutes: int) -> None:
    assert calls([count(minutes)], window(0, 10), window(30, 40)) == 5


def test_another_roles_window_covers_only_where_the_role_is_not_known() -> None:
    assert calls([count(5, role="bob")], window(0, 10)) == 5
    assert calls([count(5, role="")], window(0, 10)) == 0


def test_of_several_witnesses_of_an_hour_the_one_that_saw_most_counts() -> None:
    seen = [
        count(1, calls=3), count(40, calls=4, source=ExecutionSource.PLAN),
        count(2, calls=5, source=ExecutionSource.TRACE, role=""),
        count(70, calls=2, source=ExecutionSource.TRACE, role=""),
    ]  # fmt: skip
    assert calls(seen) == 3 + 4 + 2


def test_calls_without_a_time_are_kept_apart() -> None:
    found = stats([count(1, total_us=None), count(2)])
    assert [stat.calls for stat in found.timed] == [5]
    assert [stat.calls for stat in found.untimed] == [5]


sources = st.sampled_from(list(ExecutionSource))
counts = st.lists(
    st.builds(count, st.integers(-90, 90), st.integers(1, 9), source=sources,
              role=st.sampled_from(["", "ann", "bob"])), max_size=8
)  # fmt: skip


@given(counts, st.randoms())
def test_the_order_of_the_facts_does_not_matter(found: list[ExecutionCount], rng: Any) -> None:
    shuffled = rng.sample(found, len(found))
    assert stats(found, window(0, 30)) == stats(shuffled, window(0, 30))


@given(counts)
def test_no_more_calls_than_were_seen_and_no_fewer_than_any_witness_saw(
    found: list[ExecutionCount],
) -> None:
    witnesses = [[c for c in found if c.source.witness == name] for name in ("log", "dbt", "trace")]
    seen = [sum(c.calls for c in each) for each in witnesses]
    assert max(seen, default=0) <= calls(found) <= sum(seen)


def named(*texts: str, known: tuple[str, ...] = (), queryid: int | None = None) -> tuple[Any, Any]:
    statements = [Statement(fingerprint(text), text, frozenset()) for text in known]
    found = [count(text=text, queryid=queryid) for text in texts]
    queryids = {9: fingerprint(known[-1])} if known else {}
    return with_fingerprints(found, statements, queryids, fingerprint)


WHOLE = "select id, note from orders where status in ($1, $2, $3) and customer_id = $4"


@pytest.mark.parametrize(
    "cut",
    ["select id, note from orders where status in ($1, $2 ...",
     "SELECT id,note FROM orders WHERE sta ...",
     "select id, note from orders where status in ($1, $2, $3) and customer_id = $4 ..."],
)  # fmt: skip
def test_a_text_cut_short_is_the_only_statement_that_begins_like_it(cut: str) -> None:
    found, skips = named(cut, known=("select id from orders", WHOLE))
    assert [name for name, _ in found] == [fingerprint(WHOLE)]
    assert not skips


def test_a_text_that_several_statements_begin_like_is_left_out_by_name() -> None:
    cut = "select id, note from orders where stat ..."
    found, skips = named(cut, known=(WHOLE, "select id, note from orders where state = $1"))
    assert not found
    assert [skip.reason for skip in skips] == ["cut short, and 2 statements begin like it"]


def test_a_text_cut_before_its_relation_is_nobodys() -> None:
    _, skips = named("select id, no ...", known=(WHOLE,))
    assert [skip.reason for skip in skips] == ["cut short before it says what it reads"]


def test_the_servers_number_of_a_query_beats_its_text() -> None:
    found, _ = named("select ...", known=(WHOLE,), queryid=9)
    assert [name for name, _ in found] == [fingerprint(WHOLE)]


def test_a_statement_gathers_who_sent_it() -> None:
    route = frozenset({("application", "shop"), ("route", "/a")})
    known = Statement(NAME, TEXT, frozenset({"bob"}), frozenset({("bi_tool", "looker")}))
    (found,) = united([known], [(NAME, count(tags=route)), (NAME, count(9, tags=route))])
    assert found.roles == {"ann", "bob"}
    assert found.tags == known.tags | route
    assert found.senders == (
        Sender("pg_stat_statements", "", known.tags),
        Sender("log", "ann", route, 10, 1_000, NOON, NOON + timedelta(minutes=9)),
    )


def test_a_statement_known_from_a_log_alone_is_a_statement() -> None:
    (found,) = united([], [(NAME, count(node_id="model.shop.t", application_name="dbt"))])
    assert (found.text, found.node_id) == (TEXT, "model.shop.t")
    assert ("application", "dbt") in found.tags


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders-api", {("application", "orders-api")}),
        ("Metabase v0.50.1 [5f0c1a]", {("bi_tool", "metabase")}),
        ("DBT", {("application", "dbt")}),
        *((driver, set()) for driver in ("", "psql", "[unknown]", "PostgreSQL JDBC Driver",
                                         "DBeaver 24.1 - Main", "pgAdmin 4 - CONN:1")),
    ],
)  # fmt: skip
def test_an_application_is_who_it_says_unless_a_driver_says_it(
    name: str, expected: set[tuple[str, str]]
) -> None:
    assert application_tags(name) == expected


def test_a_comment_says_more_than_its_connection() -> None:
    (found,) = united(
        [], [(NAME, count(tags=frozenset({("application", "a")}), application_name="pool"))]
    )
    assert found.tags == {("application", "a")}
