"""`schema-evolve train`: learns from this warehouse's own history."""

import click

from dbt_schema_evolve.bootstrap import App, ProjectForecasts
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.report.training_text import training_text


@main.command()
@dbt_project
@click.option("--evaluate", is_flag=True,
              help="Print the back-test of all predictors and write nothing.")  # fmt: skip
@output_format()
def train(app: App, evaluate: bool, output: str) -> None:
    """Learn from the history of this warehouse, and keep whichever predictor wins a back-test.

    The back-test trains before several cut-offs and scores after them, never across. Where there is
    too little history, what ships stays. `predict` uses the winner from then on.
    """
    training = ProjectForecasts(app).train(write=not evaluate)
    if output == "json":
        render.show_json(training)
    else:
        render.show(training_text(training))
    for note in training.notes:
        render.note(note)
