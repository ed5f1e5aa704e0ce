"""SQL and records -> what flows into what; the one stage that parses SQL."""
