"""The only printing: records as text for people, JSON for programs, markdown for pull requests."""

import dataclasses
import re
import textwrap
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click
import msgspec

from dbt_schema_evolve.bootstrap.demo import TWIN_FILE, DemoStory
from dbt_schema_evolve.ports import PushResult
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.trials import Decision, Verdict
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.forecast_text import forecasts_text
from dbt_schema_evolve.report.names import readable_verdicts
from dbt_schema_evolve.report.recommendation_text import labelled
from dbt_schema_evolve.validate.verdicts import slower_beyond_noise

NO_LABELS: Mapping[str, str] = MappingProxyType({})
_FIGURES = re.compile(r"\d+")
_MARKS = {Decision.ACCEPT: "proven", Decision.REJECT: "rejected", Decision.INCONCLUSIVE: "open"}


def show(text: str) -> None:
    """Print a result."""
    click.echo(text.rstrip("\n"))


def show_json(value: Any) -> None:
    """Print records as one JSON object; sets and keys sorted."""
    content = msgspec.json.encode(_named(value), order="sorted")
    click.echo(msgspec.json.format(content, indent=2))


def _named(value: Any) -> Any:
    """Return records as they are, but named tuples by the names of their fields."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _named(part) for name, part in zip(value._fields, value, strict=True)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: _named(getattr(value, part.name)) for part in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _named(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_named(part) for part in value]
    return value


def note(text: str) -> None:
    """Print what is not a result."""
    click.echo(text, err=True)


def skips(
    found: Sequence[Skip], what: str, labels: Mapping[str, str] = NO_LABELS, most: int = 20
) -> None:
    """Say on standard error what was left out; a reason that differs in figures only, once.

    `labels` are the texts of queries by their fingerprints.
    """
    if not found:
        return
    note(f"{len(found)} {what} left out:")
    alike: dict[str, list[Skip]] = {}
    for skip in found:
        alike.setdefault(_FIGURES.sub("0", skip.reason), []).append(skip)
    ordered = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    for _, (first, *others) in ordered[:most]:
        more = f" and {len(others)} more" if others else ""
        text = labels.get(first.subject)
        short = textwrap.shorten(text, 50, placeholder=" …") if text else ""
        subject = f"`{short}`" if short else first.subject
        note(f"  {subject}{more}: {first.reason}")
    if len(ordered) > most:
        note(f"  and {figures.count(len(ordered) - most, 'other reason')}")


def verdicts_text(found: Sequence[Verdict], labels: Mapping[str, str]) -> str:
    """Return the verdicts, accepted ones first."""
    lines = []
    verdicts = readable_verdicts(found, labels)
    for verdict in sorted(verdicts, key=lambda v: list(_MARKS).index(v.decision)):
        ratio = verdict.measured_speedup_ratio
        speed = f"  ({figures.speedup(ratio)})" if ratio is not None else ""
        lines.append(f"{_MARKS[verdict.decision]:9}{verdict.recommendation.number_key}{speed}")
        lines += labelled("", "; ".join(verdict.reasons))
    return "\n".join(lines)


def push_text(result: PushResult) -> str:
    """Return what a push did to a graph database."""
    return "\n".join(
        f"{what:9} {counts.written:,} written, {counts.updated:,} updated,"
        f" {counts.deleted:,} deleted, {counts.unchanged:,} unchanged"
        for what, counts in (("Vertices", result.vertices), ("Edges", result.edges))
    )


def demo_text(story: DemoStory) -> str:
    """Return the demo in a screenful: what was found, proposed, proven, rejected, and left."""
    result, selection = story.result, story.advice.selection
    forecasts = story.advice.prediction.forecasts
    same_plans = figures.percent(result.twin_same_plan_ratio or 0)
    lived = f"{result.orders:,} orders, {result.calls:,} queries of {result.consumers} consumers"
    found = f"{result.column_edges:,} column edges, {result.consumer_queries} consumers' queries"
    tried = f"tried {len(story.validation.verdicts)} in {figures.count(result.trials, 'trial')}"
    lines = [
        f"Lived    {result.days} days: {lived}, {result.models} models",
        f"Found    {found}; the twin plans {same_plans} of them as the warehouse does",
        "Foresee",
        *_indented(forecasts_text(forecasts, story.advice.lineage.labels, 3)),
        f"Propose  {result.recommendations} changes, {tried}",
        *_indented(verdicts_text(story.validation.verdicts, story.advice.lineage.labels)),
    ]
    by_hand = [item for item in selection.recommendations if item.by_hand]
    by_hand_lines = [f"by hand  {item.number_key}" for item in by_hand]
    by_hand_lines += [f"by hand  {skip.subject}" for skip in story.advice.by_hand]
    lines += [f"  {line}" for line in by_hand_lines]
    identical = "identical" if result.results_identical else "NOT identical"
    if result.median_speedup_ratio is not None and result.worst_query_ratio is not None:
        speed = f"{figures.speedup(result.median_speedup_ratio)} in the median of those served"
        worst = f"worst of {result.queries_timed} queries {result.worst_query_ratio:.2f}x its time"
        if not any(map(slower_beyond_noise, story.validation.speeds)):
            worst += ", within noise"
        lines.append(f"Proven   {result.results_compared} results {identical}; {speed}; {worst}")
    takes = "REFUSES" if result.patch_applies is False else "takes"
    lines += [
        f"Left     {story.folder}/report.html",
        f"         {story.folder}/changes.diff, which `git apply` {takes}",
        f"         {story.folder}/patched/, the patched project",
        *_full_refresh(story.validation.patch),
        f"         {story.folder}/{TWIN_FILE}, schema and statistics: in integration_tests/ try",
        f"         `schema-evolve recommend --twin-file ../{TWIN_FILE} --explain 1`",
        f"         {result.seconds:.0f} s, {figures.size(result.peak_rss_bytes)} of memory",
    ]
    return "\n".join(lines)


def _full_refresh(patch: ConfigPatch) -> list[str]:
    """Say which models change only when they are made anew: dbt indexes incrementals just then."""
    names = " ".join(unique_id.rsplit(".", 1)[-1] for unique_id in patch.full_refresh)
    return [f"         it takes `dbt build --full-refresh --select {names}`"] if names else []


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
