"""The command line: one file a verb."""

from dbt_schema_evolve.cli import (  # noqa: F401 - each adds its verb to the group
    advise,
    demo,
    ingest,
    lineage,
    lineage_diff,
    lineage_export,
    lineage_push,
    lineage_receive,
    patch,
    predict,
    recommend,
    report,
    train,
    twin,
    validate,
)
from dbt_schema_evolve.cli.group import main

__all__ = ["main"]
