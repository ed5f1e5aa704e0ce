"""Cost oracles on a real database: they check the planner twin, and stand in where it cannot be."""
