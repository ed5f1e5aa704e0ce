"""`schema-evolve demo`: the whole loop on a small world of its own."""

from pathlib import Path

import click

from dbt_schema_evolve.bootstrap import DAYS, DEFAULT_SCALE, run_demo
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import output_format
from dbt_schema_evolve.cli.progress import StderrProgress
from dbt_schema_evolve.workflows.demo import DemoPlan


@main.command()
@click.option("--seed", default=1, show_default=True, help="Which users ask what, and when.")
@click.option("--scale", type=click.FloatRange(0, 10, min_open=True), default=DEFAULT_SCALE,
              show_default=True, help="TPC-H scale factor; at 1 a day is 620 orders.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 365), default=DAYS, show_default=True,
              help="How many days to simulate.")  # fmt: skip
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path),
              default=Path("schema-evolve-demo"), show_default=True,
              help="The folder that is left behind.")  # fmt: skip
@output_format()
def demo(seed: int, scale: float, days: int, keep: Path, output: str) -> None:
    """Live some days in a dbt project on an embedded Postgres, then advise, prove and report."""
    story = run_demo(DemoPlan(seed, scale, days), keep, StderrProgress(always=output == "text"))
    if output == "json":
        render.show_json(story.result)
    else:
        render.show(render.demo_text(story))
