"""`schema-evolve predict`: what will be slower, when, and why."""

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format


@main.command()
@dbt_project
@click.option("--horizon", type=click.FloatRange(1), default=30.0, show_default=True,
              help="Days ahead.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True,
              help="How many to print as text.")  # fmt: skip
@output_format()
def predict(app: App, horizon: float, limit: int, output: str) -> None:
    """List the queries and models that will be slower at the horizon, with interval and cause."""
    lineage, prediction = app.predict(horizon)
    if output == "json":
        render.show_json(prediction.forecasts)
    else:
        render.show(render.forecasts_text(prediction.forecasts, lineage.labels, limit))
    render.skips(prediction.skips, "forecasts")
