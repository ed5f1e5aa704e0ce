"""Dashboards: the same cards again and again, in the SQL that BI tools write."""

import hashlib
from collections.abc import Iterator
from random import Random

from dbt_schema_evolve.backends.demo.consumers import Call, Day
from dbt_schema_evolve.backends.demo.defaults import MARTS

_REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
_SEGMENTS = ("AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY")


def executive_sales(rng: Random, day: Day) -> Iterator[Call]:
    """Metabase: the board's dashboard, opened by more people every week."""
    for _ in range(2 + day.number // 5):
        user = rng.choice((3, 8, 11, 20))
        for card in _cards(rng, day):
            yield Call(_metabase(user, card))


def _cards(rng: Random, day: Day) -> Iterator[str]:
    sales = f'"{MARTS}"."sales_daily_by_nation"'
    yield (
        f'SELECT {sales}."order_date" AS "order_date", SUM({sales}."net_revenue") AS "sum"'
        f" FROM {sales} WHERE ({sales}.\"order_date\" >= DATE '{day.ago(30)}')"
        f" AND ({sales}.\"order_date\" < DATE '{day.ago(0)}')"
        f' GROUP BY {sales}."order_date" ORDER BY {sales}."order_date" ASC'
    )
    yield (
        f'SELECT {sales}."nation" AS "nation", SUM({sales}."net_revenue") AS "sum",'
        f' SUM({sales}."orders") AS "sum_2" FROM {sales}'
        f" WHERE ({sales}.\"region\" = '{rng.choice(_REGIONS)}')"
        f" AND ({sales}.\"order_date\" >= DATE '{day.ago(7)}')"
        f' GROUP BY {sales}."nation" ORDER BY "sum" DESC, {sales}."nation" ASC'
    )
    yield (
        'SELECT "source"."market_segment" AS "market_segment",'
        ' "source"."returned" / "source"."revenue" AS "returned share"'
        f' FROM (SELECT {sales}."market_segment" AS "market_segment",'
        f' SUM({sales}."returned_amount") AS "returned", SUM({sales}."net_revenue") AS "revenue"'
        f" FROM {sales} WHERE {sales}.\"order_date\" >= DATE '{day.ago(28)}'"
        f' GROUP BY {sales}."market_segment") AS "source"'
        ' ORDER BY "source"."market_segment" ASC LIMIT 2000'
    )
    months = f'"{MARTS}"."sales_by_segment_month"'
    columns = ", ".join(f'{months}."{segment} revenue"' for segment in _SEGMENTS)
    yield f'SELECT {months}."month_start", {columns}, {months}."Total revenue" FROM {months}'
    top = f'"{MARTS}"."sales_top_customers"'
    yield (
        f'SELECT {top}."customer_name", {top}."revenue", {top}."share_of_region" FROM {top}'
        f" WHERE ({top}.\"month_start\" = DATE '{day.today.replace(day=1)}')"
        f" AND ({top}.\"region\" = '{rng.choice(_REGIONS)}')"
        f' AND ({top}."rank_in_region" <= 10) ORDER BY {top}."rank_in_region" ASC LIMIT 2000'
    )
    daily = f'"{MARTS}"."sales_daily_rollup"'
    yield (
        f'SELECT {daily}."order_date", {daily}."orders", {daily}."net_revenue" FROM {daily}'
        f" WHERE {daily}.\"order_date\" BETWEEN DATE '{day.ago(14)}' AND DATE '{day.ago(1)}'"
        f' ORDER BY {daily}."order_date" ASC'
    )


def wallboard(rng: Random, day: Day) -> Iterator[Call]:
    """Superset: the screen in the warehouse, four charts at each refresh."""
    for _ in range(3):
        charts = list(_charts(rng, day))
        rng.shuffle(charts)  # a browser sends them as they come
        for chart in charts:
            yield Call(f"-- [Superset] wallboard dashboard=logistics\n{chart}")


def _charts(rng: Random, day: Day) -> Iterator[str]:
    yield (
        'SELECT "Region" AS "Region", sum("davon pünktlich") / sum("Lieferungen") AS "Quote"\n'
        'FROM (SELECT * FROM "Lieferquote je Region"\n) AS virtual_table\n'
        f"WHERE \"Versandtag\" >= TO_DATE('{day.ago(14)}', 'YYYY-MM-DD')"
        f" AND \"Versandtag\" < TO_DATE('{day.today}', 'YYYY-MM-DD')\n"
        'GROUP BY "Region" ORDER BY "Quote" DESC, "Region" LIMIT 1000'
    )
    yield (
        'SELECT region AS region, rank_in_month AS rank_in_month, "Quote" AS "Quote"\n'
        f"FROM {MARTS}.delivery_quota_ranking\n"
        f"WHERE month_start = '{day.today.replace(day=1)}' ORDER BY rank_in_month, region LIMIT 100"
    )
    yield (
        "SELECT supplier_nation AS supplier_nation, count(*) AS count\n"
        f"FROM {MARTS}.late_shipments\nWHERE receipt_date >= '{day.ago(7)}'"
        f" AND receipt_date < '{day.today}'\n"
        "GROUP BY supplier_nation ORDER BY count DESC, supplier_nation LIMIT 10"
    )
    mode = rng.choice(("AIR", "MAIL", "RAIL", "SHIP", "TRUCK"))
    yield (
        "SELECT DATE_TRUNC('week', ship_date) AS __timestamp, sum(shipments) AS shipments,"
        " sum(broken_promises) AS broken\n"
        f"FROM {MARTS}.carrier_performance\nWHERE ship_mode IN ('{mode}')\n"
        "GROUP BY DATE_TRUNC('week', ship_date) ORDER BY __timestamp LIMIT 10000"
    )
    yield (
        "SELECT order_id, line_number, supplier_name, customer_name, days_late\n"
        f"FROM late_shipments\nWHERE customer_region = '{rng.choice(_REGIONS)}'"
        f" AND receipt_date BETWEEN '{day.ago(3)}' AND '{day.today}'\n"
        "ORDER BY days_late DESC, order_id, line_number LIMIT 50"
    )


def _metabase(user: int, query: str) -> str:
    """Put Metabase's remark before a query."""
    digest = hashlib.sha256(query.encode()).hexdigest()
    return f"-- Metabase:: userID: {user} queryType: MBQL queryHash: {digest}\n{query}"
