"""The history file: one DuckDB database."""
