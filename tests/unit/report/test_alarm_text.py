"""What a reader is told of columns that will be full."""

from dataclasses import replace

from dbt_schema_evolve.records.column_trends import AlarmKind, Slope, Span
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.report.alarm_text import alarm_sentence, alarms_markdown, alarms_text
from tests.fakes.columns import ALARM, named


def test_a_key_is_told_with_its_date_and_its_numbers() -> None:
    assert alarm_sentence(ALARM) == (
        "integer key `shop.orders.order_id` overflows in 41 days (33..52): the highest value is"
        " 1,987,654,321 of 2,147,483,647 and grows 3.9 million a day"
    )


def test_a_date_that_may_never_come_has_no_end() -> None:
    open_ended = replace(ALARM, until=Span(41.0, 33.3, None))
    assert "in 41 days (33 or more):" in alarm_sentence(open_ended)


def test_today_is_within_a_day() -> None:
    assert "overflows within a day: the" in alarm_sentence(
        replace(ALARM, until=Span(0.0, 0.0, 0.0))
    )


def test_without_a_date_it_is_told_how_full_it_is() -> None:
    assert alarm_sentence(replace(ALARM, growth=None, until=None)) == (
        "integer key `shop.orders.order_id` is 92.6 % full: the highest value is 1,987,654,321 of"
        " 2,147,483,647; how fast it grows is not known yet"
    )


def test_a_sequence_a_text_and_a_smaller_type_have_words_of_their_own() -> None:
    sequence = replace(ALARM, kind=AlarmKind.SEQUENCE, limit=2_000_000_000)
    assert alarm_sentence(sequence) == (
        "the sequence of integer key `shop.orders.order_id` ends in 41 days (33..52): it stands at"
        " 1,987,654,321 of 2,000,000,000 and advances 3.9 million a day"
    )
    text = replace(
        ALARM, kind=AlarmKind.LENGTH, type="character varying(20)", value=18, limit=20,
        growth=Slope(0.05, 0.0, 0.1, 59.0, 60), until=Span(40.0, 20.0, None), is_exact=False,
    )  # fmt: skip
    assert alarm_sentence(text) == (
        "character varying(20) `shop.orders.order_id` is full in 40 days (20 or more): the longest"
        " text in the last sample has 18 of 20 characters and grows 0.05 a day"
    )
    smaller = replace(ALARM, column=named("marts.fct.order_id"))
    assert alarm_sentence(smaller) == (
        "integer column `marts.fct.order_id` overflows in 41 days (33..52): the highest value of"
        " `shop.orders.order_id`, which it takes, is 1,987,654,321 of 2,147,483,647 and grows 3.9"
        " million a day"
    )


def test_a_screen_holds_the_soonest_and_says_how_many_more_there_are() -> None:
    affected = tuple(named(f"marts.m{n}.order_id") for n in range(7))
    lines = alarms_text([replace(ALARM, affected=affected), ALARM, ALARM], 2)
    assert lines == [
        "  integer key `shop.orders.order_id` overflows in 41 days (33..52): the highest value is",
        "    1,987,654,321 of 2,147,483,647 and grows 3.9 million a day; the same values:",
        "    `marts.m0.order_id`, `marts.m1.order_id`, `marts.m2.order_id`, `marts.m3.order_id`,",
        "    `marts.m4.order_id` …and 2 more",
        "  integer key `shop.orders.order_id` overflows in 41 days (33..52): the highest value is",
        "    1,987,654,321 of 2,147,483,647 and grows 3.9 million a day",
        "  …and 1 more",
    ]


def test_in_markdown_a_name_cannot_break_out_of_its_item() -> None:
    odd = replace(ALARM, column=ColumnName(RelationName("s", "a|b\n* c"), "<b>"))
    text = alarms_markdown([odd], 5)
    assert len(text.splitlines()) == 3
    assert '`s."a\\|b * c"."<b>"`' in text
