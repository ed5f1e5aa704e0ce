"""`schema-evolve validate`: recommendations built and measured on the shadow target."""

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project, output_format
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.records.trials import Decision


@main.command()
@dbt_project
@advice_options
@output_format()
@click.pass_context
def validate(
    context: click.Context, app: App, budget: Budget, only: tuple[str, ...], output: str
) -> None:
    """Build the project twice beside production, compare results, then time queries in pairs.

    Exit code 3 where a recommendation was rejected.
    """
    advice = app.advise(budget, only)
    validation = app.validate(advice)
    if output == "json":
        render.show_json(validation)
    else:
        render.show(render.verdicts_text(validation.verdicts, advice.lineage.labels))
    render.skips((*advice.by_hand, *validation.skips), "recommendations and queries")
    if any(verdict.decision is not Decision.ACCEPT for verdict in validation.verdicts):
        context.exit(3)
