"""`schema-evolve patch`: recommendations as a diff of the dbt project."""

import click

from dbt_schema_evolve.bootstrap import App
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import advice_options, dbt_project, twin_file
from dbt_schema_evolve.patch.diff import unified_diff
from dbt_schema_evolve.records.changes import Budget


@main.command()
@dbt_project
@twin_file
@advice_options
@click.option("--write", is_flag=True, help="Edit the project; an undo is kept beside the history.")
def patch(app: App, budget: Budget, only: tuple[str, ...], write: bool) -> None:
    """Print the recommendations as a diff that `git apply` takes.

    What the last `validate` did not accept is left out.
    """
    advice = app.advise(budget, only)
    config_patch, rejected = app.proven(advice)
    render.show(unified_diff(config_patch))
    render.skips((*advice.by_hand, *rejected), "recommendations")
    if write and config_patch.edits:
        undo = app.write_patch(config_patch)
        render.note(f"Written. Undo with: git apply {undo}")
        for unique_id in config_patch.full_refresh:
            render.note(f"Then: dbt build --full-refresh --select {unique_id.rsplit('.', 1)[-1]}")
