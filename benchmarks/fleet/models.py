"""The dbt models of a project: two staging views, and marts that are built daily or weekly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.fleet.draw import Spec


class Model(NamedTuple):
    """A model's SQL and what it is materialized as."""

    name: str
    materialized: str  # view, table, incremental
    sql: str
    is_weekly: bool = False

    @property
    def schema(self) -> str:
        """Views are staging, what is stored is a mart."""
        return "staging" if self.materialized == "view" else "marts"

    @property
    def unique_id(self) -> str:
        """The id that dbt would give it."""
        return f"model.fleet.{self.name}"


@dataclass(frozen=True, slots=True)
class _Template:
    materialized: str
    sql: str
    deployed: str = ""  # the same after the deployment


_TEMPLATES: Mapping[str, _Template] = {
    "stg_orders": _Template(
        "view",
        """select order_id, customer_id, product_id, status, amount, ordered_on, updated_on
from raw.orders where status <> 'status 4'""",
    ),
    "stg_events": _Template(
        "view", "select event_id, customer_id, kind, value, happened_on, page from raw.events"
    ),
    "fct_orders": _Template(
        "table",
        """select o.order_id, o.customer_id, o.product_id, o.status, o.amount, o.ordered_on,
       c.region, c.segment, p.category
from staging.stg_orders o
join raw.customers c on c.customer_id = o.customer_id
join raw.products p on p.product_id = o.product_id""",
        """select o.order_id, o.customer_id, o.product_id, o.status, o.amount, o.ordered_on,
       c.region, c.segment, p.category
from staging.stg_orders o
join raw.customers c on c.customer_id = o.customer_id
join raw.products p on p.product_id = o.product_id
cross join (values (1), (2), (3)) line (number)""",
    ),
    "fct_events": _Template(
        "incremental",
        "select event_id, customer_id, kind, value, happened_on from staging.stg_events",
    ),
    "customer_days": _Template(
        "table",
        """select customer_id, happened_on, count(*) as events, sum(value) as value
from marts.fct_events group by customer_id, happened_on""",
    ),
    "weekly_customers": _Template(
        "table",
        """select c.customer_id, c.region, c.segment, coalesce(o.orders, 0) as orders,
       coalesce(o.amount, 0) as amount, coalesce(e.active_days, 0) as active_days
from raw.customers c
left join (
    select customer_id, count(*) as orders, sum(amount) as amount
    from marts.fct_orders group by customer_id
) o on o.customer_id = c.customer_id
left join (
    select customer_id, count(*) as active_days from marts.customer_days group by customer_id
) e on e.customer_id = c.customer_id""",
    ),
    "weekly_event_log": _Template(
        "table",
        """select e.event_id, e.customer_id, e.kind, e.value, e.happened_on, c.region, c.segment
from marts.fct_events e join raw.customers c on c.customer_id = e.customer_id
where e.kind < 3""",
        """select e.event_id, e.customer_id, e.kind, e.value, e.happened_on, c.region, c.segment
from marts.fct_events e join raw.customers c on c.customer_id = e.customer_id
where e.kind < 8""",
    ),
}

INCREMENT = "event_id > (select coalesce(max(event_id), 0) from marts.fct_events)"
"""What the incremental model adds to its SQL when it runs on the table that it built before."""


def models(spec: Spec, day: int) -> tuple[Model, ...]:
    """Return the models as they are on a day, in the order in which they are built."""

    def model(name: str, template: _Template) -> Model:
        is_deployed = name == spec.deployed and day >= spec.deployed_on
        sql = template.deployed if is_deployed else template.sql
        return Model(name, template.materialized, sql, name in spec.weekly)

    return tuple(model(name, template) for name, template in _TEMPLATES.items())
