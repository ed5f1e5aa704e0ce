"""Which columns will be full, when, and who shares their values."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.column_trends import column_trends
from dbt_schema_evolve.predict.alarms import alarms, worth_watching
from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from dbt_schema_evolve.records.relations import ColumnName
from tests.fakes.columns import (
    INT_MAX,
    NOW,
    ORDER_ID,
    named,
    of_key,
    of_ranges,
    of_sequence,
)

STG, FCT, ITEM = named("stg.orders.id"), named("marts.fct.order_id"), named("shop.items.order_id")
PACE = 4_000_000
NEARLY = tuple(INT_MAX - PACE * days for days in range(60, 40, -1))  # 41 days are left


def found(
    *profiles: ColumnProfile, same: Mapping[ColumnName, Sequence[ColumnName]] | None = None
) -> tuple[Alarm, ...]:
    return alarms(column_trends(profiles, NOW), same or {}, NOW)


def test_an_integer_key_overflows_in_41_days() -> None:
    (alarm,) = found(*of_key(*NEARLY))
    assert (alarm.kind, alarm.column, alarm.limit) == (AlarmKind.KEY, ORDER_ID, INT_MAX)
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(41)
    assert (alarm.values_of, alarm.affected, alarm.is_exact) == (ORDER_ID, (), True)


@pytest.mark.parametrize("type_name", ["bigint", "numeric", "numeric(18,0)", "text", ""])
def test_a_type_with_room_for_decades_is_no_alarm(type_name: str) -> None:
    assert found(*of_key(*NEARLY, type_name=type_name)) == ()


@pytest.mark.parametrize(
    "highest",
    [
        [INT_MAX - 5] * 20,  # it does not grow
        [*NEARLY, 1, 2, 3],  # it began again
        [*reversed(NEARLY)],
        [0] * 20,
    ],
)
def test_what_does_not_grow_is_no_alarm(highest: list[int]) -> None:
    assert found(*of_key(*highest)) == ()


def test_a_full_key_is_full_today() -> None:
    (alarm,) = found(*of_key(*range(INT_MAX - 9, INT_MAX + 1)))
    assert alarm.until is not None
    assert (alarm.value, alarm.until.days, alarm.until.latest_days) == (INT_MAX, 0.0, 0.0)


def test_one_look_at_a_nearly_full_key_is_an_alarm_without_a_date() -> None:
    (alarm,) = found(*of_key(INT_MAX - 10**8))
    assert (alarm.until, alarm.growth, alarm.value) == (None, None, INT_MAX - 10**8)
    assert found(*of_key(INT_MAX // 2)) == ()


def test_those_with_the_same_values_and_limit_share_one_alarm_of_their_origin() -> None:
    profiles = (
        *of_key(*NEARLY),
        *of_key(*NEARLY, column=FCT),
        *of_key(*NEARLY, column=ITEM, references=ORDER_ID),
        *of_key(*NEARLY, column=STG, type_name="bigint"),
    )
    (alarm,) = found(*profiles, same={ORDER_ID: (ITEM, STG, FCT), STG: (FCT,)})
    assert (alarm.column, alarm.affected) == (ORDER_ID, (FCT, ITEM))


def test_a_smaller_type_downstream_overflows_on_its_own_date() -> None:
    profiles = (
        *of_key(*NEARLY, type_name="bigint"),
        *of_ranges([None] * 20, "bigint", STG),
        *of_ranges([None] * 20, "integer", FCT),
    )
    (alarm,) = found(*profiles, same={ORDER_ID: (STG, FCT)})
    assert (alarm.column, alarm.type, alarm.values_of) == (FCT, "integer", ORDER_ID)
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(41)


def test_a_smaller_type_that_must_leave_values_out_already_is_no_alarm() -> None:
    profiles = (
        *of_key(*(10**12 + PACE * n for n in range(20)), type_name="bigint"),
        *of_ranges([None] * 20, "integer", FCT),
    )
    assert found(*profiles, same={ORDER_ID: (FCT,)}) == ()


def test_a_sequence_that_ends_before_its_column_is_an_alarm_of_its_own() -> None:
    (alarm,) = found(*of_sequence(*range(900, 1_000, 5), limit=1_100, highest=950))
    assert (alarm.kind, alarm.value, alarm.limit) == (AlarmKind.SEQUENCE, 995, 1_100)
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(21)


def test_a_sequence_that_burns_numbers_ends_before_the_highest_value_does() -> None:
    (alarm,) = found(*of_sequence(*NEARLY, limit=2**63 - 1, highest=1_000))
    assert (alarm.kind, alarm.limit) == (AlarmKind.SEQUENCE, INT_MAX)


def test_a_sequence_in_step_with_its_column_says_nothing_new() -> None:
    ranges = [of_sequence(value, highest=value)[0].range for value in NEARLY]
    (alarm,) = found(*of_ranges(ranges))
    assert alarm.kind is AlarmKind.KEY


def test_a_sentinel_at_the_end_of_the_type_does_not_hide_how_far_the_sequence_is() -> None:
    ranges = [of_sequence(value, highest=INT_MAX)[0].range for value in NEARLY]
    (alarm,) = found(*of_ranges(ranges))
    assert (alarm.kind, alarm.value) == (AlarmKind.SEQUENCE, NEARLY[-1])
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(41)


@pytest.mark.parametrize("days_ago", [1, 2, 5, 15])
def test_a_sentinel_that_was_just_put_in_is_no_growth(days_ago: int) -> None:
    highest = [*range(5_000_000, 5_000_000 + 1_000 * 30, 1_000)]
    highest[-days_ago:] = [INT_MAX] * days_ago
    assert [alarm for alarm in found(*of_key(*highest)) if alarm.until] == []


def test_a_sequence_that_cycles_never_ends() -> None:
    assert found(*of_sequence(*NEARLY, cycles=True)) == ()
    ranges = [of_sequence(value, highest=value, cycles=True)[0].range for value in NEARLY]
    assert found(*of_ranges(ranges)) == ()


def test_a_sequence_that_cycles_too_late_does_not_save_its_column() -> None:
    (alarm,) = found(*of_sequence(*NEARLY, limit=2**40, cycles=True))
    assert alarm.limit == INT_MAX


def test_texts_that_grow_towards_their_limit_are_an_alarm() -> None:
    ranges = [ColumnRange(greatest_length=length) for length in range(5, 19)]
    (alarm,) = found(*of_ranges(ranges, "character varying(20)"))
    assert (alarm.kind, alarm.value, alarm.limit) == (AlarmKind.LENGTH, 18, 20)
    assert not alarm.is_exact
    assert found(*of_ranges(ranges, "text")) == ()


@pytest.mark.parametrize("lengths", [[3], [3] * 20, [2, 3, 3, 2, 3, 2, 3, 3, 2, 3]])
def test_codes_of_one_length_are_always_full_and_no_alarm(lengths: list[int]) -> None:
    ranges = [ColumnRange(greatest_length=length) for length in lengths]
    assert found(*of_ranges(ranges, "character varying(3)")) == ()


def test_the_soonest_comes_first_and_those_without_a_date_last() -> None:
    slower = [INT_MAX - 3 * PACE * days for days in range(60, 50, -1)]
    names = [alarm.column for alarm in found(
        *of_key(*NEARLY), *of_key(*slower, column=FCT), *of_key(INT_MAX, column=ITEM),
        *of_key(*NEARLY, column=STG),
    )]  # fmt: skip
    assert names == [ORDER_ID, STG, FCT, ITEM]


def test_the_past_is_read_of_those_only_that_have_used_some_of_a_limit() -> None:
    small = column_trends(
        (*of_key(1_000_000), *of_key(90_000_000, column=STG), *of_ranges([None], column=FCT)), NOW
    )
    assert worth_watching(small, {}) == {STG}
    wide = column_trends(
        (*of_key(90_000_000, type_name="bigint"), *of_ranges([None], column=FCT)), NOW
    )
    assert worth_watching(wide, {}) == set()
    assert worth_watching(wide, {ORDER_ID: (FCT,)}) == {ORDER_ID}


_columns = st.sampled_from([ORDER_ID, STG, FCT, ITEM])
_histories = st.lists(
    st.tuples(
        _columns,
        st.sampled_from(["smallint", "integer", "bigint", "numeric(9,0)"]),
        st.lists(st.integers(0, 2**34), min_size=1, max_size=9),
    ),
    max_size=4,
    unique_by=lambda each: each[0],
)
_same = st.dictionaries(_columns, st.lists(_columns, unique=True, max_size=3))


@given(_histories, _same)
def test_no_column_is_told_of_twice_and_all_of_an_alarm_have_its_limit(
    histories: list[tuple[ColumnName, str, list[int]]], same: dict[ColumnName, list[ColumnName]]
) -> None:
    same = {column: [each for each in others if each != column] for column, others in same.items()}
    profiles = [
        profile
        for column, kind, highest in histories
        for profile in of_key(*highest, type_name=kind, column=column)
    ]
    trends = {trend.column: trend for trend in column_trends(profiles, NOW)}
    told = found(*profiles, same=same)
    names = [alarm.column for alarm in told]
    assert len(names) == len(set(names))
    for alarm in told:
        assert {trends[name].number_limit for name in (alarm.column, *alarm.affected)} == {
            alarm.limit
        }
        assert alarm.value <= alarm.limit
        assert alarm.until is None or 0 <= alarm.until.days <= 365
