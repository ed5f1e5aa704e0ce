"""The pages say what the program does."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dbt_schema_evolve.cli import main

ROOT = Path(__file__).parent.parent
COMMANDS = ROOT / "docs" / "commands.md"


def commands(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups left out."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


ALL = dict(commands(main, "schema-evolve"))


def reference() -> str:
    parts = ["# Commands\n\nMade from `--help` by `make golden`.\n"]
    # Beneath the group, as on the command line: a command remembers its help option's names from
    # the first context that asks for them.
    group = click.Context(main, info_name="schema-evolve", **main.context_settings)
    for name, command in ALL.items():
        verb = name.removeprefix("schema-evolve ")
        context = click.Context(
            command, parent=group, info_name=verb, max_content_width=96, terminal_width=96
        )
        parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def test_command_reference_is_what_help_prints() -> None:
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        COMMANDS.write_text(reference(), encoding="utf-8")
    assert COMMANDS.read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("name", ALL)
def test_every_verb_is_in_the_readme(name: str) -> None:
    verb = name.removeprefix("schema-evolve ")
    assert f"| `{verb}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_has_its_line_of_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
