"""The forecast model that ships with the package, and those that a project trained."""

from dbt_schema_evolve.backends.forecast_model.files import (
    PRIOR,
    read_model,
    read_prior,
    write_model,
)

__all__ = ["PRIOR", "read_model", "read_prior", "write_model"]
