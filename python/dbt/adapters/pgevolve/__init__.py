"""The dbt adapter `pgevolve`: postgres, with partial and covering indexes and plans in run_results."""

from dbt.adapters.base import AdapterPlugin

from dbt.adapters.pgevolve.connections import PgEvolveCredentials
from dbt.adapters.pgevolve.impl import PgEvolveAdapter
from dbt.include import pgevolve

Plugin = AdapterPlugin(
    adapter=PgEvolveAdapter,
    credentials=PgEvolveCredentials,
    include_path=pgevolve.PACKAGE_PATH,
    dependencies=["postgres"],
)
