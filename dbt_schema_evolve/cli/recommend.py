"""`schema-evolve recommend`: what is worth changing, with evidence, price and undo."""

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project, output_format, twin_file
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.report.plan_text import plans_text
from dbt_schema_evolve.report.recommendation_text import recommendation_text, recommendations_text


@main.command()
@dbt_project
@twin_file
@advice_options
@click.option(
    "--explain",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the Nth recommendation alone, with plans before and after it.",
)
@output_format()
def recommend(
    app: App, budget: Budget, only: tuple[str, ...], explain: int | None, output: str
) -> None:
    """List the changes worth having together, within the budget."""
    advice = app.advise(budget, only)
    found = app.recommended(advice)
    chosen = advice.selection.recommendations
    if explain is not None and explain > len(chosen):
        raise click.BadParameter(f"there are {len(chosen)} recommendations", param_hint="--explain")
    if output == "json":
        render.show_json(advice.selection if explain is None else chosen[explain - 1])
    elif explain is None:
        render.show(recommendations_text(found))
    else:
        render.show(recommendation_text(explain, found))
        render.show("\n" + plans_text(chosen[explain - 1], found.labels))
    render.skips((*advice.by_hand, *advice.skips), "facts", advice.lineage.labels)
