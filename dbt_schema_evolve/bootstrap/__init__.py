"""The one place where backends meet ports."""

from dbt_schema_evolve.backends.demo.defaults import DAYS, DEFAULT_SCALE
from dbt_schema_evolve.bootstrap.app import App, open_app
from dbt_schema_evolve.bootstrap.demo import run_demo
from dbt_schema_evolve.bootstrap.forecasts import ProjectForecasts
from dbt_schema_evolve.bootstrap.graph_stores import GraphAddress, GraphKind
from dbt_schema_evolve.bootstrap.lineage import ProjectLineage
from dbt_schema_evolve.bootstrap.twin_files import dump_twin_file, try_twin_file

__all__ = [
    "DAYS",
    "DEFAULT_SCALE",
    "App",
    "GraphAddress",
    "GraphKind",
    "ProjectForecasts",
    "ProjectLineage",
    "dump_twin_file",
    "open_app",
    "run_demo",
    "try_twin_file",
]
