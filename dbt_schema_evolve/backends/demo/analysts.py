"""People who write SQL by hand, and their notebooks: few calls, many shapes."""

from collections.abc import Iterator
from random import Random
from textwrap import dedent

from dbt_schema_evolve.backends.demo.consumers import Call, Day
from dbt_schema_evolve.backends.demo.defaults import MARTS

_TUESDAY, _FRIDAY = 2, 5


def pricing_notebook(_rng: Random, day: Day) -> Iterator[Call]:
    """Fetch wide frames on Tuesdays; the rest is done in pandas."""
    if day.today.isoweekday() != _TUESDAY:
        return
    yield _call(f"SELECT * FROM {MARTS}.finance_line_margins WHERE order_date >= '{day.ago(14)}'")
    yield _call(f"""
        SELECT l.part_id, l.order_date, l.quantity, l.extended_price, l.net_price,
               p.retail_price, p.brand, p.container, p.part_size
        FROM {MARTS}.fct_order_lines l
        LEFT JOIN {MARTS}.dim_parts p USING (part_id)
        WHERE p.brand IN ('Brand#13', 'Brand#34') AND l.order_date >= '{day.ago(28)}'
    """)


def churn_notebook(rng: Random, day: Day) -> Iterator[Call]:
    """Ask on Fridays who has not ordered for a while."""
    if day.today.isoweekday() != _FRIDAY:
        return
    yield _call(f"""
        SELECT c.*, d.market_segment, d.nation
        FROM {MARTS}.customer_lifetime AS c
        JOIN {MARTS}.dim_customers AS d ON d.customer_id = c.customer_id
        WHERE c.last_order_date < '{day.ago(rng.choice((14, 21)))}' AND c.value_decile <= 3
    """)
    yield _call(f"SELECT * FROM {MARTS}.sales_customer_cohorts ORDER BY cohort_week, weeks_later")


def sales_analyst(rng: Random, day: Day) -> Iterator[Call]:
    """Write in lower case, leave the schema to the search path, ask something new each day."""
    yield _call(_slice(rng, day))
    questions = (
        f"""
        with ordered as (
          select customer_id, order_date,
            lag(order_date) over (
              partition by customer_id order by order_date, order_id) as previous
          from fct_orders
        )
        select order_date - previous as days, count(*) from ordered
        where order_date >= '{day.ago(14)}' and previous is not null
        group by 1 order by 1
        """,
        f"""
        select * from (
          select o.region, o.order_id, o.gross_price,
            row_number() over (partition by o.region order by o.gross_price desc, o.order_id) place
          from fct_orders o where o.order_date between '{day.ago(6)}' and '{day.today}'
        ) ranked
        where place <= 5 order by region, place
        """,
        f"""
        select customer_name, phone from dim_customers c
        where not exists (
          select 1 from fct_orders o
          where o.customer_id = c.customer_id and o.order_date > '{day.ago(21)}'
        ) and lifetime_value > {rng.choice((400000, 500000))}
        order by lifetime_value desc, customer_id limit 100
        """,
        f"""
        select brand, sum(net_price) as revenue
        from fct_order_lines join dim_parts using (part_id)
        where part_type like '{rng.choice(("PROMO", "SMALL", "LARGE"))}%'
          and order_date >= date '{day.today}' - 10
        group by brand order by revenue desc, brand
        """,
        f"""
        select order_priority,
          count(*) filter (where last_ship_date - order_date > 90) as slow, count(*)
        from fct_orders where order_date >= '{day.ago(20)}'
        group by order_priority order by order_priority
        """,
        f"""
        select s.supplier_name, l.returned
        from dim_suppliers s
        join (
          select supplier_id, sum(quantity) as returned from fct_order_lines
          where return_flag = 'R' group by supplier_id
        ) l on l.supplier_id = s.supplier_id
        where s.nation = '{rng.choice(("FRANCE", "KENYA", "JAPAN", "PERU"))}'
        order by l.returned desc, s.supplier_name limit 20
        """,
    )
    for question in rng.sample(questions, 2):
        yield _call(question)


def _slice(rng: Random, day: Day) -> str:
    """Return one more cut through orders: other dimensions and measures each time."""
    every = ("market_segment", "order_priority", "order_status", "region")
    dimensions = ", ".join(sorted(rng.sample(every, rng.choice((1, 2)))))
    measures = ("count(*)", "sum(net_price)", "avg(line_count)", "max(total_price)", "sum(items)")
    return f"""
        select {dimensions}, {", ".join(rng.sample(measures, 2))}
        from fct_orders where order_date >= '{day.ago(rng.choice((7, 14, 28)))}'
        group by {dimensions} order by {dimensions}
    """


def controller(rng: Random, day: Day) -> Iterator[Call]:
    """Type in UPPER CASE, and check the marts against the source."""
    marts = MARTS.upper()
    yield _call(f"""
        SELECT COUNT(*), SUM(O_TOTALPRICE) FROM TPCH_RAW.ORDERS
        WHERE O_ORDERDATE = '{day.today}'
    """)
    questions = (
        f"""
        SELECT O_CLERK, COUNT(*) AS N FROM TPCH_RAW.ORDERS
        WHERE O_ORDERDATE >= DATE '{day.today}' - INTERVAL '1 MONTH'
        GROUP BY O_CLERK HAVING COUNT(*) > 30 ORDER BY N DESC, O_CLERK
        """,
        f"SELECT REGION, ATTAINMENT FROM {marts}.FINANCE_BUDGET_ATTAINMENT ORDER BY REGION",
        f"""
        SELECT EVENT_TYPE, SUM(EVENTS), SUM(AMOUNT) FROM {marts}.SERVICE_EVENTS_DAILY
        WHERE EVENT_DATE BETWEEN '{day.ago(7)}' AND '{day.today}'
        GROUP BY EVENT_TYPE ORDER BY EVENT_TYPE
        """,
        f"""
        SELECT NATION, SUM(TAX) FROM {marts}.FINANCE_TAX_BY_DAY
        WHERE ORDER_DATE >= '{day.today.replace(day=1)}'
        GROUP BY NATION ORDER BY NATION
        """,
        f"""
        SELECT O.ORDER_ID, O.TOTAL_PRICE, T.LINES FROM {marts}.FCT_ORDERS O
        JOIN (SELECT ORDER_ID, SUM(GROSS_PRICE) AS LINES
              FROM {marts}.FCT_ORDER_LINES GROUP BY ORDER_ID) T ON T.ORDER_ID = O.ORDER_ID
        WHERE O.ORDER_DATE = '{day.today}' AND ABS(O.TOTAL_PRICE - T.LINES) > 0.05
        ORDER BY O.ORDER_ID
        """,
        f"""
        SELECT ORDER_DATE, NET_REVENUE, SUM(NET_REVENUE) OVER (ORDER BY ORDER_DATE)
        FROM {marts}.SALES_DAILY_ROLLUP WHERE ORDER_DATE >= '{day.ago(30)}' ORDER BY ORDER_DATE
        """,
        f"""
        SELECT REGION, COUNT(*), SUM(ACCOUNT_BALANCE) FROM {marts}.DIM_CUSTOMERS
        WHERE MARKET_SEGMENT IN ('{rng.choice(("BUILDING", "MACHINERY"))}', 'HOUSEHOLD')
          AND ORDERS > 0
        GROUP BY REGION ORDER BY REGION
        """,
    )
    for question in rng.sample(questions, 2):
        yield _call(question)


def _call(text: str) -> Call:
    return Call(dedent(text).strip())
