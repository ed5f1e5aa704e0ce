"""`schema-evolve lineage diff`: what changed in the flow of data."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App, ProjectLineage
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.lineage import lineage
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.report.lineage_changes import changes_markdown, changes_text


@lineage.command()
@click.argument("refs", nargs=-1, metavar="[FROM] [TO]")
@click.option(
    "--state",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with the artifacts of another commit or run; stands for FROM.",
)
@dbt_project
@output_format("markdown")
def diff(app: App, refs: tuple[str, ...], state: Path | None, output: str) -> None:
    """List what appeared, vanished, or changed its type or kind between two states.

    FROM and TO are `latest`, `previous`, a date or time, the beginning of an invocation id or of a
    commit, or a folder of artifacts. Without them: what the latest state changed of the previous.
    """
    given = (*([str(state)] if state else []), *refs)
    if len(given) > 2:
        raise click.UsageError("give at most FROM and TO; --state stands for FROM")
    before, after = (*given, *("previous", "latest")[len(given) :])
    found = ProjectLineage(app).diff(before, after)
    if output == "json":
        render.show_json(found)
    elif output == "markdown":
        render.show(changes_markdown(found))
    else:
        render.show(changes_text(found))
