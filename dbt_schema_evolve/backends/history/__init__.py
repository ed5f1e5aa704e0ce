"""The history file: one DuckDB database."""

from dbt_schema_evolve.backends.history.duck import DuckHistory

__all__ = ["DuckHistory"]
