"""The planner twin: production's schema and statistics, none of its rows."""
