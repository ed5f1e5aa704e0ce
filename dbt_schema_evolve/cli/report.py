"""`schema-evolve report`: one self-contained HTML page."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.report import html


@main.command()
@dbt_project
@advice_options
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path),
              default=Path("schema-evolve.html"), show_default=True,
              help="Where to write the page.")  # fmt: skip
def report(app: App, budget: Budget, only: tuple[str, ...], output: Path) -> None:
    """Write what is known and advised as one HTML page that needs no network."""
    page = app.page(app.advise(budget, only))
    output.write_text(html.render(page), encoding="utf-8")
    render.show(str(output))
