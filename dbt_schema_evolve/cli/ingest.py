"""`schema-evolve ingest`: facts into the history."""

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format


@main.command()
@dbt_project
@output_format()
def ingest(app: App, output: str) -> None:
    """Read dbt's artifacts and the captured facts into the history; twice changes nothing."""
    outcome = app.ingest()
    if output == "json":
        render.show_json(outcome)
    else:
        render.show(
            f"{outcome.captures} new captures, {outcome.artifacts} new artifacts and "
            f"{outcome.lineage_states} new lineage states in {app.history_path}"
        )
    render.skips(outcome.not_looked_at, "kinds of facts")
