"""`schema-evolve twin`: the planner twin's schema and statistics as a file."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App, dump_twin_file, try_twin_file
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.twin_text import twin_text


@main.group()
def twin() -> None:
    """Schema and statistics of the warehouse, without rows, as a file."""


@twin.command()
@dbt_project
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write, compressed where its name ends in .gz; default: standard output.",
)
@click.option(
    "--redact",
    is_flag=True,
    help="Put tokens in place of values in statistics, which can be personal data.",
)
def dump(app: App, output: Path | None, redact: bool) -> None:
    """Write what the planner knows of the warehouse into a file: schema and statistics, no rows.

    It needs SELECT rights, and the file is text: read it before it leaves.
    """
    filed, text = dump_twin_file(app, output, redact=redact)
    if output is None:
        render.show(text)
    else:
        shape = filed.catalog
        counts = [
            figures.count(len(shape.tables), "table"),
            figures.count(len(shape.views), "view"),
        ]
        render.note(f"{' and '.join(counts)} with statistics, and no rows, in {output}")
    for sentence in filed.lost:
        render.note(f"Redacted: {sentence}.")
    render.skips(filed.catalog.skips, "parts")


@twin.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@output_format()
def load(file: Path, output: str) -> None:
    """Build a planner twin from a file, and say what stands on it.

    The file may come from anybody: what it holds runs in a database of its own, by a role
    without rights.
    """
    report = try_twin_file(file)
    if output == "json":
        render.show_json(report)
    else:
        render.show(twin_text(report))
