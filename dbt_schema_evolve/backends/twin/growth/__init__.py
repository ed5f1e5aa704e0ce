"""Tomorrow's catalog: today's schema with the rows that a forecast expects."""

from dbt_schema_evolve.backends.twin.growth.grown import grown

__all__ = ["grown"]
