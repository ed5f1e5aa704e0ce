"""The users' day: every consumer connects with its own role and sends its queries."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.backends.demo import analysts, applications, dashboards
from dbt_schema_evolve.backends.demo.consumers import Call, Day, DemoConsumer, Rhythm
from dbt_schema_evolve.backends.demo.defaults import MARTS, READ_SCHEMAS, SCHEMA
from dbt_schema_evolve.errors import WarehouseError

READERS = "wholesale_readers"
"""The group role that holds the grants."""

_SEARCH_PATH = (MARTS, f"{SCHEMA}_intermediate", "public")

CONSUMERS: tuple[DemoConsumer, ...] = (
    DemoConsumer(
        "metabase", "Metabase v0.52.4", "dashboard", Rhythm.GROWING, dashboards.executive_sales
    ),
    DemoConsumer(
        "superset", "Apache Superset", "dashboard", Rhythm.DAILY, dashboards.wallboard, _SEARCH_PATH
    ),
    DemoConsumer(
        "orders_api",
        "orders-api",
        "application",
        Rhythm.GROWING,
        applications.orders_api,
        _SEARCH_PATH,
        statement_timeout_s=5,
    ),
    DemoConsumer(
        "order_desk", "order-desk 3.1", "application", Rhythm.DAILY, applications.order_desk
    ),
    DemoConsumer("erp_export", "nightly-export", "job", Rhythm.DAILY, applications.nightly_export),
    DemoConsumer(
        "airflow",
        "airflow demand_planning",
        "job",
        Rhythm.DAILY,
        applications.demand_planning,
        _SEARCH_PATH,
    ),
    DemoConsumer(
        "ngozi", "jupyter pricing.ipynb", "notebook", Rhythm.WEEKLY, analysts.pricing_notebook
    ),
    DemoConsumer(
        "churn_nb", "jupyter churn.ipynb", "notebook", Rhythm.WEEKLY, analysts.churn_notebook
    ),
    DemoConsumer(
        "anna", "DBeaver 24.2", "analyst", Rhythm.DAILY, analysts.sales_analyst, _SEARCH_PATH
    ),
    DemoConsumer("bo", "psql", "analyst", Rhythm.DAILY, analysts.controller),
)


@dataclass(frozen=True, slots=True)
class DayOfUse:
    """What one day of users amounted to."""

    calls: int
    errors: int  # calls that ran into their own client's statement_timeout
    seconds: float


class Workload:
    """The consumers of one seed: the same seed sends the same statements in the same order."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def create_roles(
        self, connection: psycopg.Connection[Any], schemas: Sequence[str] = READ_SCHEMAS
    ) -> None:
        """Make the roles, and let them read what the connection's role has and will build.

        Schemas that do not exist yet are made, because dbt's tables come and go at every run and
        only default privileges of their schema outlive that. Roles that exist are kept.
        """
        database = sql.Identifier(connection.info.dbname)
        with connection.transaction():
            _create_role(connection, READERS, "nologin")
            for schema in schemas:
                for statement in _GRANTS:
                    connection.execute(
                        sql.SQL(statement).format(
                            schema=sql.Identifier(schema), readers=sql.Identifier(READERS)
                        )
                    )
            for consumer in CONSUMERS:
                role = sql.Identifier(consumer.role)
                _create_role(connection, consumer.role, "login")
                connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(READERS), role))
                for name, value in _settings(consumer):
                    connection.execute(
                        sql.SQL("alter role {} in database {} set {} to {}").format(
                            role, database, sql.Identifier(name), value
                        )
                    )

    def calls(self, consumer: DemoConsumer, day: Day) -> Iterator[Call]:
        """Return a consumer's calls of a day; other consumers and days do not change them."""
        # A text as seed is hashed the same way in every process.
        rng = Random(f"{self.seed} {consumer.role} {day.number}")  # noqa: S311 - demo parameters
        return consumer.calls(rng, day)

    def run_day(
        self, conninfo_for: Callable[[str, str], str], day_number: int, today: date
    ) -> DayOfUse:
        """Send every call of a day, one after the other; `today` is the newest order date.

        `conninfo_for(role, application_name)` says where to connect. Raises WarehouseError where a
        query fails, because then the demo is wrong.
        """
        started = time.monotonic()
        sent = timed_out = 0
        day = _day(conninfo_for, day_number, today)
        for consumer in CONSUMERS:
            calls = list(self.calls(consumer, day))
            if not calls:
                continue
            conninfo = conninfo_for(consumer.role, consumer.application_name)
            with psycopg.connect(conninfo, autocommit=True) as connection:
                timed_out += sum(not _answered(connection, consumer, call) for call in calls)
            sent += len(calls)
        return DayOfUse(sent, timed_out, time.monotonic() - started)


_GRANTS = (
    "create schema if not exists {schema}",
    "grant usage on schema {schema} to {readers}",
    "grant select on all tables in schema {schema} to {readers}",
    "alter default privileges in schema {schema} grant select on tables to {readers}",
)


def _create_role(connection: psycopg.Connection[Any], role: str, attribute: str) -> None:
    known = connection.execute("select from pg_roles where rolname = %s", (role,)).fetchone()
    if known is None:
        connection.execute(
            sql.SQL("create role {} {}").format(sql.Identifier(role), sql.SQL(attribute))
        )


def _settings(consumer: DemoConsumer) -> Iterator[tuple[str, sql.Composable]]:
    if consumer.search_path:
        names = (sql.Identifier(schema) for schema in consumer.search_path)
        yield "search_path", sql.SQL(", ").join(names)
    if consumer.statement_timeout_s:
        yield "statement_timeout", sql.Literal(f"{consumer.statement_timeout_s}s")


def _day(conninfo_for: Callable[[str, str], str], number: int, today: date) -> Day:
    """Look up the keys of recent orders, which the users have on their screens."""
    since = today - timedelta(days=21)
    missing = f"there are no orders from {since} to {today}"
    rows: list[tuple[int, int]] = []
    try:
        with psycopg.connect(conninfo_for("order_desk", "schema_evolve demo")) as connection:
            rows = connection.execute(
                "select /* schema_evolve */ order_id::bigint, customer_id::bigint"
                f" from {MARTS}.fct_orders where order_date between %s and %s order by 1",
                (since, today),
            ).fetchall()
    except psycopg.errors.UndefinedTable:
        missing = f"there is no table {MARTS}.fct_orders"
    if not rows:
        raise WarehouseError(
            missing, at=MARTS, remedy="load the batches and run `dbt build` before the users come"
        )
    orders = tuple(int(order) for order, _ in rows)
    return Day(number, today, orders, tuple(sorted({int(customer) for _, customer in rows})))


def _answered(connection: psycopg.Connection[Any], consumer: DemoConsumer, call: Call) -> bool:
    try:
        connection.execute(call.sql.encode(), call.parameters or None).fetchall()
    except psycopg.errors.QueryCanceled:
        return False
    except psycopg.Error as error:
        raise WarehouseError(
            f"a query of {consumer.role} failed: {str(error).strip().splitlines()[0]}",
            at=call.sql,
            remedy="build the whole integration project; if it is built, this is our bug",
        ) from error
    return True
