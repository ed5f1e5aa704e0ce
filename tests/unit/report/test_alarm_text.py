"""What a reader is told of columns that will be full."""

from dataclasses import replace

from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind, Slope, Span
from dbt_schema_evolve.report.alarm_text import alarm_sentence, alarms_text
from tests.fakes.columns import INT_MAX, NOW, ORDER_ID, named

KEY = Alarm(
    AlarmKind.KEY, ORDER_ID, "integer", NOW, 1_987_654_321, INT_MAX,
    Slope(3.9e6, 3.1e6, 4.8e6, 59.0, 60), Span(41.0, 33.3, 51.6), is_exact=True,
    values_of=ORDER_ID,
)  # fmt: skip


def test_a_key_is_told_with_its_date_and_its_numbers() -> None:
    assert alarm_sentence(KEY) == (
        "integer key `shop.orders.order_id` overflows in 41 days (33..52): the highest value is"
        " 1,987,654,321 of 2,147,483,647 and grows 3.9 million a day"
    )


def test_a_date_that_may_never_come_has_no_end() -> None:
    open_ended = replace(KEY, until=Span(41.0, 33.3, None))
    assert "in 41 days (33 or more):" in alarm_sentence(open_ended)


def test_today_is_within_a_day() -> None:
    assert "overflows within a day: the" in alarm_sentence(replace(KEY, until=Span(0.0, 0.0, 0.0)))


def test_without_a_date_it_is_told_how_full_it_is() -> None:
    assert alarm_sentence(replace(KEY, growth=None, until=None)) == (
        "integer key `shop.orders.order_id` is 92.6 % full: the highest value is 1,987,654,321 of"
        " 2,147,483,647; how fast it grows is not known yet"
    )


def test_a_sequence_a_text_and_a_smaller_type_have_words_of_their_own() -> None:
    sequence = replace(KEY, kind=AlarmKind.SEQUENCE, limit=2_000_000_000)
    assert alarm_sentence(sequence) == (
        "the sequence of integer key `shop.orders.order_id` ends in 41 days (33..52): it stands at"
        " 1,987,654,321 of 2,000,000,000 and advances 3.9 million a day"
    )
    text = replace(
        KEY, kind=AlarmKind.LENGTH, type="character varying(20)", value=18, limit=20,
        growth=Slope(0.05, 0.0, 0.1, 59.0, 60), until=Span(40.0, 20.0, None), is_exact=False,
    )  # fmt: skip
    assert alarm_sentence(text) == (
        "character varying(20) `shop.orders.order_id` is full in 40 days (20 or more): the longest"
        " text in the last sample has 18 of 20 characters and grows 0.05 a day"
    )
    smaller = replace(KEY, column=named("marts.fct.order_id"))
    assert alarm_sentence(smaller) == (
        "integer column `marts.fct.order_id` overflows in 41 days (33..52): the highest value of"
        " `shop.orders.order_id`, which it takes, is 1,987,654,321 of 2,147,483,647 and grows 3.9"
        " million a day"
    )


def test_a_screen_holds_the_soonest_and_says_how_many_more_there_are() -> None:
    affected = tuple(named(f"marts.m{n}.order_id") for n in range(7))
    text = alarms_text([replace(KEY, affected=affected), KEY, KEY], 2)
    sentence = (
        "integer key `shop.orders.order_id` overflows in 41 days (33..52): the highest value is\n"
        "  1,987,654,321 of 2,147,483,647 and grows 3.9 million a day\n"
    )
    assert text == (
        f"{sentence}"
        "  the same values: `marts.m0.order_id`, `marts.m1.order_id`, `marts.m2.order_id`,\n"
        "  `marts.m3.order_id`, `marts.m4.order_id` …and 2 more\n"
        f"{sentence}"
        "…and 1 more"
    )
    assert max(map(len, text.splitlines())) <= 100


def test_without_alarms_nothing_is_said() -> None:
    assert alarms_text([], 10) == ""
