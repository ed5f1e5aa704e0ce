"""`schema-evolve lineage`: what flows into what, and to whom."""

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.workflows.show_lineage import show_lineage


@main.group()
def lineage() -> None:
    """What flows into what, and to whom."""


@lineage.command()
@click.argument("name")
@dbt_project
@output_format()
def show(app: App, name: str, output: str) -> None:
    """Show what MODEL or MODEL.COLUMN is made from and who reads it."""
    view = show_lineage(app.lineage().graph, name)
    if output == "json":
        render.show_json(view)
    else:
        render.show(render.lineage_text(view))
