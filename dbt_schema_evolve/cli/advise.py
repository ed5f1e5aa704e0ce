"""`schema-evolve advise`: from dbt's last run to a patch, in one go."""

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project, output_format
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.report import markdown
from dbt_schema_evolve.report.forecast_text import forecasts_text
from dbt_schema_evolve.report.recommendation_text import recommendations_text


@main.command()
@dbt_project
@advice_options
@output_format("markdown")
def advise(app: App, budget: Budget, only: tuple[str, ...], output: str) -> None:
    """Ingest, lineage, forecast, recommendations and patch in one go."""
    app.ingest()
    advice = app.advise(budget, only)
    if output == "json":
        render.show_json({"selection": advice.selection, "diff": advice.diff})
    elif output == "markdown":
        render.show(markdown.render(app.page(advice)))
    else:
        render.show(forecasts_text(advice.prediction.forecasts, advice.lineage.labels, 3))
        render.show("\n" + recommendations_text(app.recommended(advice)))
        render.show("\n" + advice.diff)
    render.skips((*advice.by_hand, *advice.skips), "facts", advice.lineage.labels)
