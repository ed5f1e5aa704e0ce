"""The dbt adapter `pgevolve`: postgres, plus partial and covering indexes, plus plans."""

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
