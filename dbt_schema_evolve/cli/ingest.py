"""`schema-evolve ingest`: facts into the history."""

from collections import Counter
from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.workflows.ingest_logs import IngestedLogs


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
@click.option(
    "--log",
    "logs",
    multiple=True,
    metavar="PATH",
    help="Logs of Postgres, with plans of auto_explain where there are any.",
)
@click.option(
    "--dbt-log",
    "dbt_logs",
    multiple=True,
    metavar="PATH",
    help="Logs of dbt, best written with --log-format-file json.",
)
@click.option("--otlp", multiple=True, metavar="PATH", help="OpenTelemetry spans as OTLP JSON.")
@output_format()
def ingest(
    app: App,
    logs: tuple[str, ...],
    dbt_logs: tuple[str, ...],
    otlp: tuple[str, ...],
    events: tuple[Path, ...],
    output: str,
) -> None:
    """Read dbt's artifacts and the captured facts into the history; twice changes nothing.

    Each PATH is a file, a folder or a pattern, plain or .gz; each option may be given several
    times. Statements are kept without their constants.
    """
    outcome = app.ingest(logs, dbt_logs, otlp, events)
    if output == "json":
        render.show_json(outcome)
    else:
        render.show(
            f"{figures.count(outcome.captures, 'new capture')}, "
            f"{figures.count(outcome.artifacts, 'new artifact')}, "
            f"{figures.count(outcome.lineage_states, 'new lineage state')} and "
            f"{figures.count(outcome.events, 'new OpenLineage event')} in {app.history_path}"
        )
        if outcome.logs is not None:
            render.show(_executions(outcome.logs))
    render.skips(outcome.unread_events, "OpenLineage events")
    render.skips(outcome.not_looked_at, "kinds of facts")


def _executions(logs: IngestedLogs) -> str:
    """Say what was new, and why the rest was left out."""
    parts = [f"{logs.executions} new executions"]
    if logs.known:
        parts.append(f"{logs.known} known before")
    if logs.elsewhere:
        parts.append(f"{logs.elsewhere} of other databases left out")
    if logs.skips:
        reasons = Counter(skip.reason for skip in logs.skips)
        reason, count = min(reasons.items(), key=lambda item: (-item[1], item[0]))
        mostly = reason if len(reasons) == 1 else f"{count} times: {reason}"
        parts.append(f"{len(logs.skips)} entries skipped ({mostly})")
    return ", ".join(parts)
