"""Executions for tests."""

from datetime import timedelta
from typing import Any

from dbt_schema_evolve.records.executions import Execution, ExecutionSource
from tests.fakes.captures import FIRST


def execution(number: int, *, hours: float = 0.0, **changes: Any) -> Execution:
    """One statement that ran some hours after the first capture."""
    return Execution(
        **{
            "id": f"{0xFFFFFFFFFFFFFF00 + number:016x}",
            "at": FIRST + timedelta(hours=hours),
            "text": 'select a from "Grüße" where b = $1',
            "source": ExecutionSource.LOG,
            "duration_us": 1_000,
            "rows": 2,
            "role": "Bérénice",
            "application_name": "api",
            "tags": frozenset({("route", "/orders"), ("application", 'the "shop"')}),
            "queryid": -(2**63),
            **changes,
        }
    )
