"""Adaptive lineage and predictive schema evolution for dbt on Postgres."""

# Every dbt 1.x command imports this package, because its name starts with `dbt_`: keep it empty.
__version__ = "0.1.0"
