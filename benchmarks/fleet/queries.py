"""What the consumers of a project ask: one query for each way in which time follows size."""

from collections.abc import Mapping
from typing import NamedTuple

CONTROL = "control"


class Query(NamedTuple):
    """A query's text, `{today}` for the simulated date, and who asks it."""

    sql: str
    consumer: str
    needs: str = ""  # a model that must have been built


QUERIES: Mapping[str, Query] = {
    "order_lookup": Query("select * from marts.fct_orders where order_id = 217", "shop"),
    "customer_orders": Query(
        """select order_id, amount, ordered_on from marts.fct_orders
where customer_id = 1 order by ordered_on desc, order_id limit 20""",
        "shop",
    ),
    "revenue_by_region": Query(
        """select region, segment, sum(amount) as amount from marts.fct_orders
group by region, segment""",
        "finance",
    ),
    "recent_revenue": Query(
        """select ordered_on, sum(amount) as amount from marts.fct_orders
where ordered_on >= date '{today}' - 14 group by ordered_on""",
        "finance",
    ),
    "top_orders": Query(
        """select order_id, amount, region from marts.fct_orders
order by amount desc, order_id limit 50 offset 200""",
        "finance",
    ),
    "order_ranks": Query(
        """select segment, avg(place) as place from (
    select segment, rank() over (partition by customer_id order by amount, order_id) as place
    from marts.fct_orders) ranked
group by segment""",
        "research",
    ),
    "events_by_kind": Query(
        "select kind, count(*), sum(value) as value from marts.fct_events group by kind", "product"
    ),
    "recent_events": Query(
        """select customer_id, value from marts.fct_events
where happened_on >= date '{today}' - 2 and kind = 3""",
        "product",
    ),
    "event_pairs": Query(
        """select count(*) from marts.fct_events a
join marts.fct_events b on b.customer_id = a.customer_id and b.happened_on = a.happened_on
where a.happened_on >= date '{today}' - 6 and a.kind = 1 and b.kind = 2""",
        "research",
    ),
    "active_customers": Query(
        """select c.region, count(*) from raw.customers c
where exists (
    select 1 from marts.fct_events e
    where e.customer_id = c.customer_id and e.happened_on >= date '{today}' - 10)
group by c.region""",
        "product",
    ),
    "distinct_customers": Query(
        """select happened_on, count(distinct customer_id) as customers from marts.fct_events
group by happened_on""",
        "product",
    ),
    "customer_detail": Query(
        """select event_id, kind, happened_on from marts.fct_events
where customer_id = 1 order by event_id desc limit 50""",
        "support",
    ),
    "moving_week": Query(
        """select max(week) from (
    select sum(events) over (
        partition by customer_id order by happened_on rows between 6 preceding and current row
    ) as week from marts.customer_days) moving""",
        "research",
        "customer_days",
    ),
    "best_customers": Query(
        """select customer_id, amount, active_days from marts.weekly_customers
order by amount desc, customer_id limit 100""",
        "finance",
        "weekly_customers",
    ),
    "segments_by_kind": Query(
        """select segment, kind, count(*), avg(value) as value from marts.weekly_event_log
group by segment, kind""",
        "product",
        "weekly_event_log",
    ),
    "segment_days": Query(
        """select happened_on, count(distinct customer_id) as customers
from marts.weekly_event_log where segment = 'segment 2' group by happened_on""",
        "product",
        "weekly_event_log",
    ),
    "funnel": Query(
        """select w.region, count(*) from marts.weekly_event_log w
join marts.fct_orders o on o.customer_id = w.customer_id and o.ordered_on = w.happened_on
group by w.region""",
        "research",
        "weekly_event_log",
    ),
    "orders_by_status": Query(
        """select status, count(*) from staging.stg_orders
where updated_on >= date '{today}' - 30 group by status""",
        "support",
    ),
    "late_orders": Query(
        """select o.order_id, c.region from staging.stg_orders o
join raw.customers c on c.customer_id = o.customer_id
where o.status = 'status 1' and o.ordered_on < date '{today}' - 20""",
        "support",
    ),
}
"""By the name that stands for its fingerprint."""

CONTROL_QUERY = Query(
    """select p.category, count(*), max(p.price) as price
from raw.products p cross join generate_series(1, 10) i
group by p.category""",
    "monitoring",
)


def query(name: str) -> Query:
    """Return a query; the control's work never changes."""
    return CONTROL_QUERY if name == CONTROL else QUERIES[name]
