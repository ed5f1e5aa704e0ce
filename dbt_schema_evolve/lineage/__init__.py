"""Statements and records -> what flows into what, and to whom."""
