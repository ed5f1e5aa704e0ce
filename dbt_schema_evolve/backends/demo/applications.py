"""Programs that read by key: an API, a desktop application, and nightly jobs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from textwrap import dedent
from urllib.parse import quote

from dbt_schema_evolve.backends.demo.consumers import Call, Day
from dbt_schema_evolve.backends.demo.defaults import MARTS

_SATURDAY = 6
_WORDS = ("almond", "azure", "chocolate", "forest", "lavender", "midnight", "rosy", "steel")


@dataclass(frozen=True, slots=True)
class Route:
    """One route of an API, its share of the requests, and the statement behind it."""

    path: str
    weight: int
    sql: str
    parameters: Callable[[Random, Day], tuple[object, ...]]


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/orders/:id",
        30,
        """
        SELECT order_id, order_status, order_date, total_price, line_count, last_ship_date
        FROM fct_orders WHERE order_id = %s
        """,
        lambda rng, day: (rng.choice(day.orders),),
    ),
    Route(
        "/api/orders/:id/lines",
        30,
        """
        SELECT l.line_number, l.quantity, l.gross_price, l.ship_date, p.part_name, p.brand
        FROM fct_order_lines AS l JOIN dim_parts AS p ON p.part_id = l.part_id
        WHERE l.order_id = %s ORDER BY l.line_number
        """,
        lambda rng, day: (rng.choice(day.orders),),
    ),
    Route(
        "/api/customers/:id/orders",
        20,
        """
        SELECT order_id, order_date, order_status, gross_price FROM fct_orders
        WHERE customer_id = %s AND order_date >= %s
        ORDER BY order_date DESC, order_id LIMIT 20
        """,
        lambda rng, day: (rng.choice(day.customers), day.ago(90)),
    ),
    Route(
        "/api/customers/:id",
        12,
        """
        SELECT customer_name, phone, account_manager, lifetime_value
        FROM dim_customers WHERE customer_id = %s
        """,
        lambda rng, day: (rng.choice(day.customers),),
    ),
    Route(
        "/api/parts",
        8,
        """
        SELECT part_id, part_name, retail_price FROM dim_parts
        WHERE part_name LIKE %s ORDER BY retail_price, part_id LIMIT 20
        """,
        lambda rng, _day: (f"{rng.choice(_WORDS)} {rng.choice('abcdlmrs')}%",),
    ),
)


def orders_api(rng: Random, day: Day) -> Iterator[Call]:
    """Serve the web shop: bound parameters, sqlcommenter tags, more requests every day."""
    weights = [route.weight for route in ROUTES]
    for route in rng.choices(ROUTES, weights, k=40 + 3 * day.number):
        text = f"{dedent(route.sql).strip()} {_tags(rng, 'orders-api', route.path)}"
        yield Call(text, route.parameters(rng, day))


def _tags(rng: Random, application: str, route: str) -> str:
    """Return a sqlcommenter comment; psycopg wants each % of a text with parameters doubled."""
    trace = f"00-{rng.getrandbits(128):032x}-{rng.getrandbits(64):016x}-01"
    tags = {"application": application, "route": route, "traceparent": trace}
    inner = ",".join(f"{key}='{quote(value)}'" for key, value in tags.items())
    return f"/*{inner}*/".replace("%", "%%")


def order_desk(rng: Random, day: Day) -> Iterator[Call]:
    """Show the clerks everything about one order, customer or supplier."""
    for _ in range(8):
        yield Call(
            f"select * from {MARTS}.fct_shipments where order_id = %s order by line_number",
            (rng.choice(day.orders),),
        )
        yield Call(
            "select ship_mode, count(*), sum(net_price), min(commit_date)"
            f" from {MARTS}.fct_order_lines where order_id in (%s, %s, %s) group by ship_mode",
            tuple(rng.choices(day.orders, k=3)),
        )
    for _ in range(4):
        yield Call(
            f"select order_id, line_number, quantity, commit_date from {MARTS}.fct_order_lines"
            " where supplier_id = %s and line_status = 'O' and commit_date < %s"
            " order by commit_date, order_id, line_number limit 100",
            (rng.randrange(1, 1000), day.ago(-30)),
        )
        yield Call(
            f"select o.order_id, o.order_date, o.total_price from {MARTS}.fct_orders o"
            f" where o.customer_id = %s and exists (select 1 from {MARTS}.fct_order_lines l"
            " where l.order_id = o.order_id and l.receipt_date > l.commit_date)"
            " order by o.order_date desc, o.order_id",
            (rng.choice(day.customers),),
        )


def nightly_export(_rng: Random, day: Day) -> Iterator[Call]:
    """Post the last day's revenue to the general ledger."""
    yield Call(
        f"SELECT order_date, nation, net_revenue, tax FROM {MARTS}.finance_tax_by_day"
        f" WHERE order_date = DATE '{day.today}' ORDER BY nation"
    )
    yield Call(
        "SELECT order_id, line_number, customer_id, part_id, quantity, net_price, gross_price"
        f" FROM {MARTS}.fct_order_lines WHERE synced_on = %s ORDER BY order_id, line_number",
        (day.today,),
    )


def demand_planning(_rng: Random, day: Day) -> Iterator[Call]:
    """Add up what sold in four weeks; on Saturdays, how long deliveries took as well."""
    yield Call(
        "SELECT part_id, sum(quantity) AS sold, count(DISTINCT customer_id) AS buyers"
        " FROM fct_order_lines WHERE order_date > %s GROUP BY part_id"
        " HAVING sum(quantity) >= %s ORDER BY sold DESC, part_id LIMIT 500",
        (day.ago(28), 60),
    )
    if day.today.isoweekday() == _SATURDAY:
        yield Call(
            "SELECT supplier_nation, ship_mode,"
            " percentile_disc(0.9) WITHIN GROUP (ORDER BY days_in_transit) AS p90"
            " FROM int_supplier_deliveries WHERE ship_date >= %s"
            " GROUP BY supplier_nation, ship_mode ORDER BY supplier_nation, ship_mode",
            (day.ago(28),),
        )
