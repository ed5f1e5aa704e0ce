"""`schema-evolve ingest`: facts into the history."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format


@main.command()
@dbt_project
@click.option(
    "--openlineage",
    "events",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A file or folder of OpenLineage events, .gz too; may be given several times. What "
    "`lineage receive` stored is read anyway.",
)
@output_format()
def ingest(app: App, events: tuple[Path, ...], output: str) -> None:
    """Read dbt's artifacts and the captured facts into the history; twice changes nothing."""
    outcome = app.ingest(events)
    if output == "json":
        render.show_json(outcome)
    else:
        render.show(
            f"{outcome.captures} new captures, {outcome.artifacts} new artifacts, "
            f"{outcome.lineage_states} new lineage states and {outcome.events} new OpenLineage "
            f"events in {app.history_path}"
        )
    render.skips(outcome.unread_events, "OpenLineage events")
    render.skips(outcome.not_looked_at, "kinds of facts")
