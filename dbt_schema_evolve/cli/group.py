"""The group of all verbs, and the one place where an error becomes text and an exit code."""

from typing import Any

import click

from dbt_schema_evolve import __version__
from dbt_schema_evolve.errors import EvolveError


class EvolveGroup(click.Group):
    """Turns an EvolveError into three lines and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn an EvolveError into three lines on stderr."""
        try:
            return super().invoke(ctx)
        except EvolveError as error:
            lines = (("error", error.problem), ("at", error.at), ("try", error.remedy))
            for label, text in lines:
                if text:
                    click.echo(f"{label:>6}: {text}", err=True)
            ctx.exit(1)


@click.group(cls=EvolveGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Foresee which dbt models and queries on Postgres will slow down, and prove what prevents it.

    Exit codes: 0 done, 1 could not, 2 usage, 3 a verdict said no.
    """
