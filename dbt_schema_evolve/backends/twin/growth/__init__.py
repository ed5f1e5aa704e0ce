"""Tomorrow's catalog: today's schema with the rows that a forecast expects."""

from dbt_schema_evolve.backends.twin.growth.calendar import Later
from dbt_schema_evolve.backends.twin.growth.grown import grown
from dbt_schema_evolve.backends.twin.growth.history import standing_still

__all__ = ["Later", "grown", "standing_still"]
