"""The options that every verb shares, spelled as dbt spells them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FORMATS = ("text", "json", "markdown")

Command = Callable[..., Any]


def output_format(command: Command) -> Command:
    """Add --format."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="How to print the result.",
    )(command)


def dbt_project(command: Command) -> Command:
    """Add the options with which dbt finds a project and a target."""
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option("--target", "-t", help="The target to read; default as in dbt."),
        click.option("--profile", help="The profile to use; default as in dbt."),
        click.option("--profiles-dir", type=folder, help="Where profiles.yml is."),
        click.option("--project-dir", type=folder, help="Where dbt_project.yml is."),
    ):
        command = option(command)
    return command


class ByteSize(click.ParamType):
    """A size such as `500MB`; units are powers of 1024, as in Postgres."""

    name = "size"
    _UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return bytes."""
        if isinstance(value, int):
            return value
        text = str(value).strip().upper()
        for unit in sorted(self._UNITS, key=len, reverse=True):
            number = text.removesuffix(unit).strip()
            if text.endswith(unit) and number.replace(".", "", 1).isdigit():
                return int(float(number) * self._UNITS[unit])
        if text.isdigit():
            return int(text)
        self.fail(f"{value!r} is not a size; write for example 500MB", param, ctx)
