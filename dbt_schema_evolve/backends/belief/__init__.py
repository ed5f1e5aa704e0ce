"""The belief that ships with the package, and what this project has measured since."""

from dbt_schema_evolve.backends.belief.files import add_outcomes, read_outcomes, read_prior

__all__ = ["add_outcomes", "read_outcomes", "read_prior"]
