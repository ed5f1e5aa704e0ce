"""Opens a connection to a dbt target, or says in one sentence why not."""

from typing import Any

import psycopg

from dbt_schema_evolve.backends.dbt_project import Target
from dbt_schema_evolve.errors import WarehouseError


def connect(target: Target) -> psycopg.Connection[Any]:
    """Return an autocommit connection; raises WarehouseError."""
    try:
        return psycopg.connect(target.conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        raise WarehouseError(
            f"cannot connect: {str(error).strip().splitlines()[0]}",
            at=f"target {target.name} of profile {target.profile}",
            remedy="check the profile; `dbt debug` tests the same connection",
        ) from error
