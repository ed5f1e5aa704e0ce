"""Connections: those of postgres under our name, and a response that can carry a plan."""

# mypy: allow-subclassing-any

from dataclasses import dataclass
from typing import Any

from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials


@dataclass
class PgEvolveCredentials(PostgresCredentials):
    """What a `type: pgevolve` target takes: exactly what a `type: postgres` target takes."""

    @property
    def type(self) -> str:
        """The adapter's name."""
        return "pgevolve"


@dataclass
class PgEvolveResponse(AdapterResponse):
    """What dbt writes to run_results.json as `adapter_response`."""

    plan: dict[str, Any] | None = None


class PgEvolveConnectionManager(PostgresConnectionManager):
    """Connections of postgres, told apart by their type."""

    TYPE = "pgevolve"
