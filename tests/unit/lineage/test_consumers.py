"""Who reads, how often, and when last."""

from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.lineage.consumers import observed
from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.workload import QueryStat, Sender, Statement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
READS = {"f": frozenset({"model.shop.orders"})}
A = frozenset({("application", "shop"), ("route", "/a")})
B = frozenset({("application", "shop"), ("route", "/b")})


def stat(calls: int, *, role: str = "ann", end: datetime = LATER) -> QueryStat:
    return QueryStat("f", role, end - timedelta(hours=1), end, calls, calls * 10, 0, 0, 0)


def seen(tags: frozenset[tuple[str, str]], calls: int, witness: str = "log") -> Sender:
    return Sender(witness, "ann", tags, calls, calls * 10, NOON, NOON + timedelta(minutes=calls))


def consumers(statement: Statement, *stats: QueryStat) -> dict[str, Consumer]:
    found = observed([statement], READS, stats, frozenset({"dbt"}))
    return {consumer.id: consumer for consumer in found}


def statement(*senders: Sender, tags: frozenset[tuple[str, str]] = frozenset()) -> Statement:
    everything = tags.union(*(sender.tags for sender in senders))
    return Statement("f", "select 1", frozenset({"ann", "dbt"}), everything, senders=senders)


def test_calls_divide_as_a_log_saw_them_and_no_call_counts_for_two_routes() -> None:
    found = consumers(statement(seen(A, 3), seen(B, 1)), stat(100))
    assert found["consumer.route.shop /a"].calls == 75
    assert found["consumer.route.shop /b"].calls == 25
    assert found["consumer.application.shop"].calls == 100


def test_the_best_witness_says_how_calls_divide() -> None:
    told = statement(seen(A, 30), seen(B, 10), seen(B, 2, witness="trace"))
    assert consumers(told, stat(40))["consumer.route.shop /b"].calls == 10


def test_a_route_was_last_seen_when_it_called_last() -> None:
    found = consumers(statement(seen(A, 3), seen(B, 1)), stat(100))
    assert found["consumer.route.shop /b"].last_seen == NOON + timedelta(minutes=1)
    assert found["consumer.application.shop"].last_seen == LATER, "nobody else sends it"


def test_without_a_log_each_tag_counts_all_calls() -> None:
    found = consumers(statement(tags=A), stat(7))
    route = found["consumer.route.shop /a"]
    assert (route.calls, route.total_us, route.first_seen, route.last_seen) == (7, 70, NOON, LATER)


def test_a_sender_that_pg_stat_statements_alone_names_stays_a_consumer() -> None:
    first = Sender("pg_stat_statements", "", B)
    found = consumers(statement(first, seen(A, 3)), stat(9))
    assert found["consumer.route.shop /b"].calls == 9
    assert found["consumer.route.shop /a"].calls == 9


def test_roles_have_their_own_windows_and_dbts_is_none() -> None:
    found = consumers(statement(), stat(2), stat(5, role="bob", end=NOON), stat(1, role="dbt"))
    assert set(found) == {"consumer.role.ann", "consumer.role.bob"}
    bob = found["consumer.role.bob"]
    assert (bob.calls, bob.last_seen) == (5, NOON)


def test_an_unknown_role_is_no_consumer() -> None:
    assert "consumer.role." not in consumers(statement(), stat(2, role=""))
