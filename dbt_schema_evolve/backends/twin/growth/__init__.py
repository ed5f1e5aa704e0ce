"""Tomorrow's catalog: today's schema with the rows that a forecast expects."""

from dbt_schema_evolve.backends.twin.growth.grown import grown
from dbt_schema_evolve.backends.twin.growth.history import drifting, in_order, standing_still
from dbt_schema_evolve.backends.twin.growth.later import Later

__all__ = ["Later", "drifting", "grown", "in_order", "standing_still"]
