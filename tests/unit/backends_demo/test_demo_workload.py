"""The demo's users: who they are, and that a seed decides all they do."""

import re
from datetime import timedelta
from random import Random

import pytest

from dbt_schema_evolve.backends.demo.applications import ROUTES
from dbt_schema_evolve.backends.demo.consumers import Call, Day, DemoConsumer, Rhythm
from dbt_schema_evolve.backends.demo.defaults import DAYS, FIRST_DAY, OPENING_DAYS
from dbt_schema_evolve.backends.demo.workload import CONSUMERS, Workload
from dbt_schema_evolve.ingest.fingerprint import fingerprint

ORDERS = tuple(range(1, 4000, 7))
CUSTOMERS = tuple(range(2, 900, 3))


def day(number: int) -> Day:
    return Day(number, FIRST_DAY + timedelta(days=OPENING_DAYS + number - 1), ORDERS, CUSTOMERS)


def calls(seed: int, consumer: DemoConsumer, number: int) -> list[Call]:
    return list(Workload(seed).calls(consumer, day(number)))


def everything(seed: int, days: int = DAYS) -> list[Call]:
    numbers = range(1, days + 1)
    return [call for n in numbers for consumer in CONSUMERS for call in calls(seed, consumer, n)]


def test_the_same_seed_sends_the_same_statements_in_the_same_order() -> None:
    assert everything(3) == everything(3)


def test_another_seed_sends_others() -> None:
    assert everything(3) != everything(4)


def test_a_day_does_not_depend_on_the_days_before_it() -> None:
    workload = Workload(5)
    for consumer in CONSUMERS:
        list(workload.calls(consumer, day(1)))
        assert list(workload.calls(consumer, day(2))) == calls(5, consumer, 2)


def test_two_weeks_hold_far_more_than_25_kinds_of_queries() -> None:
    assert len({fingerprint(call.sql) for call in everything(1)}) >= 40


def test_each_consumer_has_a_role_and_a_program_of_its_own() -> None:
    assert len({consumer.role for consumer in CONSUMERS}) == len(CONSUMERS)
    assert len({consumer.application_name for consumer in CONSUMERS}) == len(CONSUMERS)
    kinds = {consumer.kind for consumer in CONSUMERS}
    assert kinds == {"dashboard", "application", "job", "notebook", "analyst"}


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.role)
def test_consumers_keep_their_rhythm(consumer: DemoConsumer) -> None:
    counts = [len(calls(1, consumer, number)) for number in range(1, 15)]
    active = [count for count in counts if count]
    if consumer.rhythm is Rhythm.WEEKLY:
        assert len(active) == 2
    elif consumer.rhythm is Rhythm.GROWING:
        assert counts == sorted(counts)
        assert counts[-1] >= 1.5 * counts[0]
    else:
        assert len(active) == 14
        assert max(counts) <= 1.5 * min(counts) + 1


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.role)
def test_texts_have_one_placeholder_a_parameter(consumer: DemoConsumer) -> None:
    for number in range(1, 8):
        for call in calls(1, consumer, number):
            if call.parameters:
                assert re.findall(r"%.", call.sql.replace("%%", "")) == ["%s"] * len(
                    call.parameters
                )
            else:
                assert "%s" not in call.sql


def test_the_api_names_each_route_in_sqlcommenter_tags() -> None:
    api = next(consumer for consumer in CONSUMERS if consumer.role == "orders_api")
    texts = [call.sql for number in range(1, 15) for call in calls(1, api, number)]
    form = re.compile(
        r"/\*application='orders-api',route='([^']+)',traceparent='00-\w{32}-\w{16}-01'\*/\Z"
    )
    seen = {match[1].replace("%%", "%") for text in texts if (match := form.search(text))}
    assert all(form.search(text) for text in texts)
    assert seen == {route.path.replace(":", "%3A") for route in ROUTES}


def test_order_lookups_ask_for_orders_that_exist() -> None:
    api = next(consumer for consumer in CONSUMERS if consumer.role == "orders_api")
    asked = [c.parameters[0] for c in calls(2, api, 1) if "order_id = %s" in c.sql]
    assert asked
    assert set(asked) <= set(ORDERS)


def test_one_order_in_the_window_is_enough_to_work_with() -> None:
    lonely = Day(1, FIRST_DAY, (33,), (7,))
    for consumer in CONSUMERS:
        list(consumer.calls(Random(0), lonely))
