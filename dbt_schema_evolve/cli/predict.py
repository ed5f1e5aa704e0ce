"""`schema-evolve predict`: what breaks next, when, why, and who is affected."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App, ProjectForecasts
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import FiniteRange, dbt_project, output_format
from dbt_schema_evolve.report.forecast_markdown import foresight_markdown
from dbt_schema_evolve.report.forecast_text import foresight_text


@main.command()
@dbt_project
@click.option("--horizon", type=FiniteRange(1, 365), default=30.0, show_default=True,
              help="Days ahead.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True,
              help="How many to print as text or markdown.")  # fmt: skip
@click.option("--limit-seconds", type=FiniteRange(0, min_open=True),
              help="Time that no query and no model should pass; default: 1.5 times what each "
              "takes now, but no less than 1 ms, and a model's own `limit_seconds` in "
              "meta.schema_evolve.")  # fmt: skip
@click.option("--model", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Use the forecast model in this file; default: what `train` kept, or what "
              "ships.")  # fmt: skip
@output_format("markdown")
def predict(
    app: App,
    horizon: float,
    limit: int,
    limit_seconds: float | None,
    model: Path | None,
    output: str,
) -> None:
    """List the queries and models that break next: when, how likely, why, and who is affected.

    Below them the likeliest of the others, what was left out, and which predictor spoke.
    """
    foresight = ProjectForecasts(app).foresee(horizon, limit_seconds, model)
    if output == "json":
        render.show_json(foresight)
    elif output == "markdown":
        render.show(foresight_markdown(foresight, limit))
    else:
        render.show(foresight_text(foresight, limit))
        render.skips(foresight.skips, "forecasts")
    for note in foresight.notes:
        render.note(note)
