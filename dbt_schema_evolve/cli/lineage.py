"""`schema-evolve lineage`: what flows into what, and to whom."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from dbt_schema_evolve.bootstrap import App, ProjectLineage
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.group import main
from dbt_schema_evolve.cli.options import dbt_project, output_format
from dbt_schema_evolve.lineage.questions.reach import INDIRECT_KINDS, VALUE_KINDS
from dbt_schema_evolve.records.answers import ConsumerView
from dbt_schema_evolve.report import mermaid
from dbt_schema_evolve.report.consumer_text import consumer_text
from dbt_schema_evolve.report.critical_path_text import critical_path_text
from dbt_schema_evolve.report.impact_text import impact_text
from dbt_schema_evolve.report.lineage_text import paths_text, reach_text, view_text
from dbt_schema_evolve.report.unused_text import unused_text
from dbt_schema_evolve.workflows.ask_lineage import Questions

_Answer = TypeVar("_Answer")
_Command = Callable[..., Any]


@main.group()
def lineage() -> None:
    """What flows into what, and to whom.

    NAME is a model, seed, snapshot or source by dbt's name, its unique id or schema.relation, or a
    column of one: MODEL.COLUMN. SELECTOR is a NAME, or what dbt takes for --select.
    """


def _limit(default: int, what: str, where: str = "as text") -> Callable[[_Command], _Command]:
    return click.option("--limit", type=click.IntRange(1), default=default, show_default=True,
                        help=f"How many {what} to print {where}.")  # fmt: skip


def _walk(command: _Command) -> _Command:
    """Add what upstream and downstream have in common."""
    for add in (
        click.argument("selector", nargs=-1, required=True),
        dbt_project,
        click.option("--depth", type=click.IntRange(1), help="Most steps to go; default: all."),
        click.option("--columns", is_flag=True,
                     help="Follow values from column to column, of every column of the nodes."),
        click.option("--kind", "kinds", multiple=True,
                     type=click.Choice(sorted({*VALUE_KINDS, *INDIRECT_KINDS})),
                     help="Follow only this kind of edge between columns: what happens to values "
                     f"({', '.join(VALUE_KINDS)}) or what decides about rows "
                     f"({', '.join(INDIRECT_KINDS)}). May be given several times."),
        _limit(60, "lines"),
        output_format("mermaid"),
    )[::-1]:  # fmt: skip
        command = add(command)
    return command


@lineage.command()
@click.argument("name")
@dbt_project
@_limit(20, "columns, neighbours and readers")
@output_format("mermaid")
def show(app: App, name: str, limit: int, output: str) -> None:
    """Show what NAME is made from, what decides about its rows, and who reads it.

    NAME may also be a consumer, such as the route `shop /orders`: shown are its queries, how often
    they run, how long it waits, and the columns that they use.
    """
    view = asked(app).show(name)
    if isinstance(view, ConsumerView):
        _print(view, output, lambda each: consumer_text(each, limit), mermaid.of_consumer)
        return
    view = ProjectLineage(app).with_past(view)
    _print(view, output, lambda each: view_text(each, limit), mermaid.of_view)


@lineage.command()
@_walk
def upstream(
    app: App,
    selector: tuple[str, ...],
    depth: int | None,
    columns: bool,
    kinds: tuple[str, ...],
    limit: int,
    output: str,
) -> None:
    """Show what SELECTOR is made from, as a tree."""
    reach = asked(app).upstream(" ".join(selector), depth, columns, kinds)
    _print(reach, output, lambda each: reach_text(each, limit), mermaid.of_reach)


@lineage.command()
@_walk
def downstream(
    app: App,
    selector: tuple[str, ...],
    depth: int | None,
    columns: bool,
    kinds: tuple[str, ...],
    limit: int,
    output: str,
) -> None:
    """Show what is made from SELECTOR, as a tree, and who reads it."""
    reach = asked(app).downstream(" ".join(selector), depth, columns, kinds)
    _print(reach, output, lambda each: reach_text(each, limit), mermaid.of_reach)


@lineage.command()
@click.argument("name")
@dbt_project
@_limit(10, "of each kind", "as text or draw")
@output_format("mermaid")
def impact(app: App, name: str, limit: int, output: str) -> None:
    """Show who notices that NAME changes: consumers, queries, columns and rows."""
    found = asked(app).impact(name)
    _print(found, output, lambda each: impact_text(each, limit),
           lambda each: mermaid.of_impact(each, limit))  # fmt: skip


@lineage.command()
@click.argument("selector", nargs=-1)
@dbt_project
@click.option("--days", type=click.FloatRange(0, 36_500, min_open=True), default=30.0,
              show_default=True,
              help="How long nobody has read it, up to the last capture.")  # fmt: skip
@_limit(20, "of each kind")
@output_format("mermaid")
def unused(app: App, selector: tuple[str, ...], days: float, limit: int, output: str) -> None:
    """List models and columns, of SELECTOR or of all, that nobody has read for some days."""
    found = asked(app).unused(days, " ".join(selector))
    _print(found, output, lambda each: unused_text(each, limit), mermaid.of_unused)


@lineage.command()
@click.argument("start", metavar="NAME")
@click.argument("end", metavar="NAME")
@dbt_project
@output_format("mermaid")
def path(app: App, start: str, end: str, output: str) -> None:
    """Show every shortest way from the first NAME to the second."""
    _print(asked(app).path(start, end), output, paths_text, mermaid.of_paths)


@lineage.command("critical-path")
@click.argument("selector", nargs=-1)
@dbt_project
@_limit(10, "nodes beside the path")
@output_format("mermaid")
def critical_path(app: App, selector: tuple[str, ...], limit: int, output: str) -> None:
    """Show the chain of builds, of SELECTOR or of all, that takes longest by measured time."""
    found = asked(app).critical_path(" ".join(selector))
    _print(found, output, lambda each: critical_path_text(each, limit), mermaid.of_critical_path)


def asked(app: App) -> Questions:
    """Return the lineage as something to ask, and say what keeps answers from being whole."""
    questions = ProjectLineage(app).questions()
    if questions.note:
        render.note(questions.note)
    return questions


def _print(
    answer: _Answer,
    output: str,
    as_text: Callable[[_Answer], str],
    as_mermaid: Callable[[_Answer], str],
) -> None:
    if output == "json":
        render.show_json(answer)
    else:
        render.show(as_text(answer) if output == "text" else as_mermaid(answer))
