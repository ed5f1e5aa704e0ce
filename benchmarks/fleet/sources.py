"""The tables that a project's sources load, and the SQL that fills them, the same each time."""

from collections.abc import Iterator
from datetime import date, timedelta

from benchmarks.fleet.arrivals import Arrival
from benchmarks.fleet.draw import Spec
from dbt_schema_evolve.records.relations import Column

OPENED = date(2026, 1, 5)  # day 0, a Monday
_PAST_DAYS = 60  # over which the rows of day 0 are spread

COLUMNS: dict[str, tuple[Column, ...]] = {
    "customers": (
        Column("customer_id", "integer"),
        Column("region", "text"),
        Column("segment", "text"),
        Column("signup_on", "date"),
    ),
    "products": (
        Column("product_id", "integer"),
        Column("category", "text"),
        Column("price", "integer"),
    ),
    "orders": (
        Column("order_id", "bigint"),
        Column("customer_id", "integer"),
        Column("product_id", "integer"),
        Column("status", "text"),
        Column("amount", "integer"),
        Column("ordered_on", "date"),
        Column("updated_on", "date"),
    ),
    "events": (
        Column("event_id", "bigint"),
        Column("customer_id", "integer"),
        Column("kind", "integer"),
        Column("value", "integer"),
        Column("happened_on", "date"),
        Column("page", "text"),
    ),
}
"""By source; the first column is the key."""


def today(day: int) -> date:
    """Return the date of a simulated day."""
    return OPENED + timedelta(days=day)


def opening(spec: Spec) -> Iterator[str]:
    """Yield the statements that make the sources as they are on day 0."""
    yield "create schema raw; create schema staging; create schema marts"
    for name, columns in COLUMNS.items():
        typed = ", ".join(f"{column.name} {column.type}" for column in columns)
        yield f"create table raw.{name} ({typed}, primary key ({columns[0].name}))"
    yield f"""
        insert into raw.products
        select i, 'category ' || i % 12, (100 + {_dice("i", 1)} * 9900)::int
        from generate_series(1, {spec.products}) i"""
    yield _customers(spec, 1, spec.customers, 0)
    yield _orders(spec, 1, spec.orders.rows, 0, spread=True)
    yield _events(spec, 1, spec.events.rows, 0, spread=True)


def arriving(spec: Spec, name: str, first: int, arrival: Arrival) -> Iterator[str]:
    """Yield what happens to a source on a day; `first` is the first key that is free."""
    if arrival.kept < 1:
        key = COLUMNS[name][0].name
        yield f"delete from raw.{name} where {_dice(key, 77)} >= {arrival.kept}"
    if arrival.rows > 0:
        make = _orders if name == "orders" else _events
        last = first + arrival.rows - 1
        yield make(spec, first, last, arrival.day, spread=arrival.is_backfill)


def more_customers(spec: Spec, first: int, count: int, day: int) -> str:
    """Return the statement that adds customers."""
    return _customers(spec, first, first + count - 1, day)


def changed_orders(spec: Spec, day: int) -> str:
    """Return the statement that changes a share of the orders."""
    return f"""
        update raw.orders set status = 'status ' || (order_id + {day}) % 5, updated_on = '{today(day)}'
        where {_dice("order_id", 1000 + day)} < {spec.updates}"""  # noqa: E501


def _customers(spec: Spec, first: int, last: int, day: int) -> str:
    del spec
    return f"""
        insert into raw.customers
        select i, 'region ' || i % 7, 'segment ' || (i / 7) % 5, date '{today(day)}'
        from generate_series({first}, {last}) i"""


def _orders(spec: Spec, first: int, last: int, day: int, *, spread: bool) -> str:
    return f"""
        insert into raw.orders
        select i, {_customer(spec, "i", day)}, 1 + floor({_dice("i", 2)} * {spec.products})::int,
               'status ' || i % 5, (exp({_dice("i", 3)} * 7) * 10)::int, {_when(day, spread)}, {_when(day, spread)}
        from generate_series({first}::bigint, {last}) i"""  # noqa: E501


def _events(spec: Spec, first: int, last: int, day: int, *, spread: bool) -> str:
    return f"""
        insert into raw.events
        select i, {_customer(spec, "i", day)}, floor({_dice("i", 5)} * 8)::int,
               floor({_dice("i", 6)} * 1000)::int, {_when(day, spread)}, '/page/' || i % 200
        from generate_series({first}::bigint, {last}) i"""


def _customer(spec: Spec, key: str, day: int) -> str:
    skew = spec.skew + spec.skew_drift * max(0, day - spec.skew_from)
    return f"1 + floor(power({_dice(key, 4)}, {skew:.4f}) * {spec.customers})::int"


def _when(day: int, spread: bool) -> str:
    if not spread:
        return f"date '{today(day)}'"
    return f"date '{today(day)}' - floor({_dice('i', 7)} * {_PAST_DAYS})::int"


def _dice(key: str, seed: int) -> str:
    """A number from 0 to 1 that depends on the key alone."""
    return f"((hashint8extended({key}, {seed}) & 2147483647) / 2147483648.0::float8)"
