"""`schema-evolve recommend`: what is worth changing, with evidence, price and undo."""

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project, output_format
from dbt_schema_evolve.report.recommendation_text import recommendations_text


@main.command()
@dbt_project
@advice_options
@output_format()
def recommend(app: App, budget: int | None, only: tuple[str, ...], output: str) -> None:
    """List the changes worth having together, within the budget."""
    advice = app.advise(budget, only)
    if output == "json":
        render.show_json(advice.selection)
    else:
        render.show(recommendations_text(app.recommended(advice)))
    render.skips((*advice.by_hand, *advice.skips), "facts")
