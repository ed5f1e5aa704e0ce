"""`schema-evolve lineage push`: the graph into a graph database."""

import os

import click

from dbt_schema_evolve.bootstrap import App, GraphAddress, GraphKind, ProjectLineage
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.lineage import asked, lineage
from dbt_schema_evolve.cli.options import dbt_project, output_format

PASSWORD = "SCHEMA_EVOLVE_GRAPH_PASSWORD"  # noqa: S105 - the name of a variable


@lineage.command()
@click.option("--to", "kind", type=click.Choice([kind.value for kind in GraphKind]),
              default=GraphKind.FILE.value, show_default=True,
              help="The kind of database.")  # fmt: skip
@click.option("--uri", default="", metavar="URI",
              help="Where it is: a path, bolt://host:7687 for Neo4j, ws://host:8182/gremlin for "
              "JanusGraph; default: .schema_evolve/lineage.duckdb, or this machine.")  # fmt: skip
@click.option("--user", default="",
              help=f"Who to be; the password is taken from {PASSWORD}, or asked for.")  # fmt: skip
@click.option("--database", default="",
              help="The database in Neo4j, or the traversal source in JanusGraph; default: the "
              "server's own.")  # fmt: skip
@click.option("--name", default="",
              help="Under which name to keep it there; default: the dbt project's. A second target "
              "of the project needs another.")  # fmt: skip
@dbt_project
@output_format()
def push(app: App, kind: str, uri: str, user: str, database: str, name: str, output: str) -> None:
    """Make what a graph database holds of this project its lineage as it is now.

    Pushing again writes only what changed, and deletes what is gone; other projects in the
    database stay as they are.
    """
    password = os.environ.get(PASSWORD, "")
    if user and not password:
        password = click.prompt("Password", hide_input=True, err=True)
    address = GraphAddress(GraphKind(kind), uri, user, password, database)
    result = ProjectLineage(app).push(asked(app).traversal.graph, address, name)
    if output == "json":
        render.show_json(result)
    else:
        render.show(render.push_text(result))
