"""Forecasts in the history file: what predictors said, kept until it is known what came."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any

from dbt_schema_evolve.backends.history.rows import Row, columns_of, plain_instant
from dbt_schema_evolve.backends.history.transaction import Database, Types, stage
from dbt_schema_evolve.records.prospects import Issued

KEPT_DAYS = 120  # the longest horizon that anybody asks for, and some days to learn what came

_ISSUED: Mapping[str, Callable[[Issued], Any]] = {
    "predictor": lambda i: i.predictor,
    "subject": lambda i: i.subject,
    "made_at": lambda i: plain_instant(i.made_at),
    "horizon_days": lambda i: i.horizon_days,
    "measured_us": lambda i: i.measured_us,
    "predicted_us": lambda i: i.predicted_us,
    "predicted_low_us": lambda i: i.predicted_low_us,
    "predicted_high_us": lambda i: i.predicted_high_us,
    "predicted_probability": lambda i: i.predicted_probability,
}


def add_forecasts(db: Database, types: Types, warehouse: str, issued: Iterable[Issued]) -> int:
    """Keep the first forecast of each day, and forget the oldest; return how many were new."""
    columns = columns_of(issued, _ISSUED)
    if not columns["subject"]:
        return 0
    stage(db, types["forecasts"], columns)
    names = ", ".join(_ISSUED)
    own = {"warehouse": warehouse}
    added = db.execute(
        f"insert into forecasts (warehouse, made_on, {names})"
        f" select $warehouse, made_at::date, {names} from incoming"
        " on conflict do nothing returning 1",
        own,
    ).fetchall()
    db.execute(
        "delete from forecasts where warehouse = $warehouse and made_at <"
        f" (select max(made_at) from incoming) - interval {KEPT_DAYS} days",
        own,
    )
    db.execute("drop table incoming")
    return len(added)


def issued(row: Row) -> Issued:
    """Make a record of a row of `forecasts.sql`."""
    predictor, subject, made_at, *numbers = row
    return Issued(predictor, subject, made_at.replace(tzinfo=UTC), *numbers)
