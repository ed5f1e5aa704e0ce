"""A database with the warehouse's schema and statistics but no rows, to ask the planner what-if."""

from dbt_schema_evolve.backends.twin.twin import SERVER, PlannerTwin

__all__ = ["SERVER", "PlannerTwin"]
