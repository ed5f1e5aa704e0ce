"""Postgres' logs under any log_line_prefix; what is broken costs itself."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.ingest.log_entries import LogSettings, is_postgres_log
from dbt_schema_evolve.ingest.log_prefix import KNOWN_PREFIXES, pattern
from dbt_schema_evolve.ingest.postgres_log import read_postgres_log
from dbt_schema_evolve.records.executions import Execution, ReadExecutions

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
SHOWN = {
    "a": "orders-api", "u": "ann", "d": "shop", "p": "4711", "r": "10.0.0.1(5432)", "h": "10.0.0.1",
    "t": "2026-03-01 12:00:00 UTC", "m": "2026-03-01 12:00:00.123 UTC", "n": "1772366400.123",
    "i": "SELECT", "e": "00000", "c": "6b053041.220a", "l": "17", "s": "2026-03-01 11:00:00 UTC",
    "v": "3/3", "x": "0", "q": "", "Q": "-682862123112717667", "b": "client backend", "P": "",
    "L": "127.0.0.1",
}  # fmt: skip


def line(prefix: str, message: str, *, severity: str = "LOG") -> str:
    for letter, value in SHOWN.items():
        prefix = prefix.replace(f"%{letter}", value)
    return f"{prefix}{severity}:  {message}\n"


def read(lines: list[str], prefix: str = "%m [%p] ", zone: str = "UTC") -> ReadExecutions:
    return read_postgres_log(lines[:300], lines, LogSettings(prefix, ZoneInfo(zone)))


def only(lines: list[str], prefix: str = "%m [%p] ") -> Execution:
    found = read(lines, prefix)
    assert not found.skips
    (execution,) = found.executions
    return execution


@pytest.mark.parametrize(
    "prefix",
    [
        *KNOWN_PREFIXES,
        "%q%n:%p:%Q:%a|%u|%d ",
        "%h %m [%p-%l] (%a) %u@%d %e %v %x %i %c %s: ",
        "%t ",
    ],
)
def test_any_prefix_can_be_read(prefix: str) -> None:
    lines = [line(prefix, "duration: 1.500 ms  statement: select a from t where b = 'x'")]
    found = only(lines, prefix)
    assert found.duration_us == 1_500
    assert found.text == "select a from t where b = $1"
    assert found.at.replace(microsecond=0) == NOON.replace(microsecond=0)
    for letter, value in (("a", found.application_name), ("u", found.role), ("d", found.database)):
        assert value == (SHOWN[letter] if f"%{letter}" in prefix else "")


@pytest.mark.parametrize("prefix", KNOWN_PREFIXES)
def test_a_prefix_that_nobody_told_is_recognised(prefix: str) -> None:
    lines = [line(prefix, "duration: 1.500 ms  statement: select a from t")] * 3
    assert is_postgres_log(lines, LogSettings("%n~%a~"))
    assert {e.role for e in read(lines, "%n~%a~").executions} == {"ann" if "%u" in prefix else ""}


def test_a_statement_of_many_lines_is_one() -> None:
    lines = [
        line("%m [%p] ", "duration: 2.000 ms  statement: select a"),
        "\t  from t -- why\n", "\n", "\twhere b = 'two\n", "\tlines'\n",
    ]  # fmt: skip
    assert only(lines).text == "select a from t where b = $1"


def test_of_the_extended_protocol_only_executions_count() -> None:
    sql = "select a from t where b = $1"
    lines = [
        line("%m [%p] ", f"duration: {ms} ms  {step}: {sql}")
        for ms, step in (("0.1", "parse <unnamed>"), ("0.2", "bind <unnamed>"),
                         ("4.0", "execute <unnamed>"), ("9.0", "execute fetch from C_1"))
    ]  # fmt: skip
    lines.insert(3, line("%m [%p] ", "Parameters: $1 = 'secret'", severity="DETAIL"))
    assert only(lines).duration_us == 4_000


def test_a_duration_belongs_to_the_statement_of_its_process() -> None:
    lines = [
        line("%m [1] ", "statement: select a from t"),
        line("%m [2] ", "statement: select b from t"),
        line("%m [2] ", "duration: 5.000 ms"),
        line("%m [1] ", "duration: 3.000 ms"),
        line("%m [1] ", "duration: 7.000 ms"),
    ]
    assert [(e.text, e.duration_us) for e in read(lines).executions] == [
        ("select a from t", 3_000),
        ("select b from t", 5_000),
    ]


def test_a_statement_that_failed_did_not_run() -> None:
    lines = [
        line("%m [%p] ", "statement: select nothing from t"),
        line("%m [%p] ", 'column "nothing" does not exist', severity="ERROR"),
        line("%m [%p] ", "select nothing from t", severity="STATEMENT"),
    ]
    assert read(lines).executions == ()


def test_a_plan_and_its_statement_are_one_execution_in_either_order() -> None:
    sql = "select a from t where b = 'x'"
    plan = line("%m [%p] ", f'duration: 1.0 ms  plan:\n\t{{"Query Text": "{sql}",')
    plan += '\t "Plan": {"Node Type": "Seq Scan", "Actual Rows": 3.00, "Actual Loops": 2}}\n'
    run = line("%m [%p] ", f"duration: 2.000 ms  statement: {sql}")
    for lines in ([plan, run], [run, plan]):
        found = only("".join(lines).splitlines(keepends=True))
        assert (found.duration_us, found.rows) == (2_000, 6)


def test_several_statements_in_one_text_share_no_time() -> None:
    lines = [line("%m [%p] ", "duration: 2.000 ms  statement: select a from t; select b from t")]
    assert [(e.text, e.duration_us) for e in read(lines).executions] == [
        ("select a from t", None),
        ("select b from t", None),
    ]


@pytest.mark.parametrize(
    "text", ["begin", "set x = 1", "alter role ann password 'secret'", "copy t from stdin",
             "create table t (a int)", "select 1 /* schema_evolve */"]
)  # fmt: skip
def test_statements_without_lineage_and_our_own_are_passed_over(text: str) -> None:
    found = read([line("%m [%p] ", f"duration: 2.000 ms  statement: {text}")])
    assert found == ReadExecutions((), ())


def test_a_traceparent_is_not_kept_and_a_route_is() -> None:
    comment = "/*application='shop',route='/a',traceparent='00-ab-cd-01',request_id='7'*/"
    found = only([line("%m [%p] ", f"duration: 2.000 ms  statement: select a from t {comment}")])
    assert found.tags == {("application", "shop"), ("route", "/a")}


@pytest.mark.parametrize(
    ("shown", "zone", "expected"),
    [
        ("2026-03-01 13:00:00.123 CET", "Europe/Berlin", NOON),
        ("2026-03-01 15:00:00.123 +03", "UTC", NOON),
        ("2026-03-01 08:30:00.123 -0330", "UTC", NOON),
        (
            "2026-10-25 02:30:00.000 CEST",
            "Europe/Berlin",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        ("2026-10-25 02:30:00.000 CET", "Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_zone_of_the_server(
    shown: str, zone: str, expected: datetime
) -> None:
    lines = [f"{shown} [1] LOG:  duration: 2.000 ms  statement: select a from t\n"]
    (found,) = read(lines, zone=zone).executions
    assert found.at == expected


def test_a_time_in_another_zone_costs_its_line() -> None:
    lines = [
        "2026-03-01 13:00:00.123 EST [1] LOG:  duration: 2.000 ms  statement: select a from t\n",
        "2026-03-01 13:00:00.123 UTC [1] LOG:  duration: 2.000 ms  statement: select b from t\n",
    ]
    found = read(lines)
    assert [e.text for e in found.executions] == ["select b from t"]
    assert [(s.subject, "zone" in s.reason) for s in found.skips] == [("line 1", True)]


def test_what_is_broken_costs_itself() -> None:
    good = line("%m [%p] ", "duration: 2.000 ms  statement: select a from t")
    lines = [good, "something else entirely\n", good]
    found = read(lines)
    assert len(found.executions) == 2
    assert [skip.subject for skip in found.skips] == ["line 2"]


def test_a_csv_record_without_an_end_costs_itself() -> None:
    rest = ',,,,,,,,"api","client backend",,7'
    head = (
        '2026-03-01 12:00:00.123 UTC,"ann","shop",1,"[local]",a.b,6,"SELECT",'
        "2026-03-01 12:00:00 UTC,3/3,0,LOG,00000,"
    )
    good = (
        head
        + '"duration: 2.000 ms  statement: select a\nfrom t where b = ""x"" and c = \'y\'",'
        + rest
    )
    lines = f'{good}\n{head}"duration: 1.000 ms  statement: sel\n{good}\n'.splitlines(keepends=True)
    found = read(lines)
    assert [(e.text, e.application_name, e.queryid) for e in found.executions] == [
        ('select a from t where b = "x" and c = $1', "api", 7)
    ] * 2
    assert [skip.subject for skip in found.skips] == ["line 3"]


def test_the_same_call_twice_within_a_millisecond_is_two_executions() -> None:
    lines = [line("%m [%p] ", "duration: 2.000 ms  statement: select a from t")] * 2
    one, other = read(lines).executions
    assert one.id != other.id
    assert read(lines).executions == (one, other), "and always under the same ids"


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80), max_size=8)
)
def test_whatever_follows_a_good_line_breaks_nothing(texts: list[str]) -> None:
    good = line("%m [%p] ", "duration: 2.000 ms  statement: select a from t")
    lines = [good, *(f"{text}\n" for text in texts), good]
    found = read(lines)
    assert found.executions
    assert {fingerprint(e.text) for e in found.executions} >= {fingerprint("select a from t")}


@given(st.text(max_size=300))
def test_no_message_breaks_it(message: str) -> None:
    body = message.replace("\n", "\n\t")
    for start in (
        "duration: 1.0 ms  plan:\n\t",
        "duration: 1.0 ms  statement: ",
        "statement: ",
        "",
    ):
        read(line("%m [%p] ", start + body).splitlines(keepends=True))


@given(st.text(alphabet="%mpudaqlQ[]-5 x@/:", max_size=12))
def test_every_prefix_compiles(prefix: str) -> None:
    assert pattern(prefix)
