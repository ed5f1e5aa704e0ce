"""`schema-evolve lineage export`: the graph for other tools."""

from typing import IO

import click

from dbt_schema_evolve.bootstrap import App, ProjectLineage
from dbt_schema_evolve.cli.lineage import asked, lineage
from dbt_schema_evolve.cli.options import dbt_project


@lineage.command()
@dbt_project
@click.option(
    "--format",
    "form",
    type=click.Choice(["openlineage"]),
    default="openlineage",
    show_default=True,
    help="How to write the graph.",
)
@click.option(
    "--output",
    "-o",
    type=click.File("w", encoding="utf-8", lazy=True, atomic=True),
    default="-",
    help="The file to write; default: standard output.",
)
def export(app: App, form: str, output: IO[str]) -> None:  # noqa: ARG001 - one form so far
    """Write the lineage graph: a job event a line, for Marquez and the like."""
    graph = asked(app).traversal.graph
    output.writelines(f"{line}\n" for line in ProjectLineage(app).openlineage(graph))
