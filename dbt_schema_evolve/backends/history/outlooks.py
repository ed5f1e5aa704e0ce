"""Outlooks in the history file: what the planner said of queries at sizes to come."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any

from dbt_schema_evolve.backends.history.rows import Row, columns_of, compact, plain_instant
from dbt_schema_evolve.backends.history.transaction import Database, Types, stage
from dbt_schema_evolve.records.outlooks import Outlook

_OUTLOOK: Mapping[str, Callable[[Outlook], Any]] = {
    "subject": lambda o: o.subject,
    "made_at": lambda o: plain_instant(o.made_at),
    "horizon_days": lambda o: o.horizon_days,
    "estimated_cost": lambda o: o.estimated_cost,
    "plan_id": lambda o: o.plan_id,
    "estimated_fill_ratio": lambda o: o.estimated_fill_ratio,
    "flips": lambda o: compact(o.flips),
    "row_ratio": lambda o: o.row_ratio,
}


def add_outlooks(db: Database, types: Types, warehouse: str, outlooks: Iterable[Outlook]) -> int:
    """Keep outlooks; return how many were new. Inside a transaction."""
    columns = columns_of(outlooks, _OUTLOOK)
    stage(db, types["outlooks"], columns)
    names = ", ".join(_OUTLOOK)
    added = db.execute(
        f"insert into outlooks (warehouse, {names}) select $warehouse, {names} from incoming"
        " on conflict do nothing returning 1",
        {"warehouse": warehouse},
    ).fetchall()
    db.execute("drop table incoming")
    return len(added)


def outlook(row: Row) -> Outlook:
    """Make a record of a row of `outlooks.sql`."""
    subject, made_at, horizon_days, cost, plan_id, fill_ratio, flips, row_ratio = row
    return Outlook(
        subject, made_at.replace(tzinfo=UTC), horizon_days, cost, plan_id, fill_ratio,
        tuple(json.loads(flips)), row_ratio,
    )  # fmt: skip
