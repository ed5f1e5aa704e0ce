"""The options that every verb shares, spelled as dbt spells them."""

import functools
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import click

from dbt_schema_evolve.bootstrap import App, open_app
from dbt_schema_evolve.cli.progress import StderrProgress
from dbt_schema_evolve.recommend import RECOMMENDERS
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.records.sizes import bytes_of

Command = Callable[..., Any]


def output_format(*formats: str) -> Callable[[Command], Command]:
    """Add --format."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(("text", "json", *formats)),
        default="text",
        show_default=True,
        help="How to print the result.",
    )


def dbt_project(command: Command) -> Command:
    """Add the options with which dbt finds a project, and hand over the opened project as `app`."""
    folder = click.Path(file_okay=False, path_type=Path)

    @click.option("--project-dir", type=folder, help="Where dbt_project.yml is.")
    @click.option("--profiles-dir", type=folder, help="Where profiles.yml is.")
    @click.option("--profile", help="The profile to use; default as in dbt.")
    @click.option("--target", "-t", help="The target to read; default as in dbt.")
    @functools.wraps(command)
    def with_app(
        project_dir: Path | None,
        profiles_dir: Path | None,
        profile: str | None,
        target: str | None,
        **options: Any,
    ) -> Any:
        app: App = open_app(project_dir, profiles_dir, profile, target, StderrProgress())
        return command(app=app, **options)

    return with_app


class FiniteRange(click.FloatRange):
    """A number within bounds; `nan` is within none, and click does not see that."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        found = float(super().convert(value, param, ctx))
        if not isfinite(found):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return found


class ByteSize(click.ParamType[int]):
    """A size such as `500MB`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        found = bytes_of(str(value))
        if found is None:
            self.fail(f"{value!r} is not a size; write for example 500MB", param, ctx)
        return found


def twin_file(command: Command) -> Command:
    """Add --twin-file below `dbt_project`: the app prices on a file's catalog."""

    @click.option(
        "--twin-file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Take schema and statistics from what `twin dump` wrote, not from the warehouse.",
    )
    @functools.wraps(command)
    def with_file(app: App, twin_file: Path | None, **options: Any) -> Any:
        return command(app=replace(app, twin_file=twin_file), **options)

    return with_file


def advice_options(command: Command) -> Command:
    """Add --only and the bounds of the budget, which are handed over as one `budget`."""

    @click.option(
        "--budget",
        "space",
        type=ByteSize(),
        help="Most space that changes may take, such as 500MB; default: `budget` of the "
        "project's vars, or a tenth of what the tables take.",
    )
    @click.option(
        "--build-seconds",
        type=click.FloatRange(min=0),
        help="Most time that indexes may add to one dbt run.",
    )
    @click.option(
        "--write-percent",
        type=click.FloatRange(min=0),
        help="Most by which indexes may make the runs of one incremental model dearer.",
    )
    @click.option(
        "--search-seconds",
        type=click.FloatRange(min=0, min_open=True),
        help="Stop looking after this time, with the best that was found until then.",
    )
    @click.option(
        "--only",
        multiple=True,
        type=click.Choice([recommender.kind for recommender in RECOMMENDERS]),
        help="Recommend only this kind; may be given several times.",
    )
    @functools.wraps(command)
    def with_budget(
        space: int | None,
        build_seconds: float | None,
        write_percent: float | None,
        search_seconds: float | None,
        **options: Any,
    ) -> Any:
        budget = Budget(
            space,
            build_us=None if build_seconds is None else round(build_seconds * 1_000_000),
            write_ratio=None if write_percent is None else write_percent / 100,
            seconds=search_seconds,
        )
        return command(budget=budget, **options)

    return with_budget
