"""The only printing: records as text for people, JSON for programs, markdown for pull requests."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

from dbt_schema_evolve.records.changes import Recommendation, Selection
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.trials import Decision, Verdict
from dbt_schema_evolve.records.workload import Skip

WIDTH = 100
_MARKS = {Decision.ACCEPT: "proven", Decision.REJECT: "rejected", Decision.INCONCLUSIVE: "open"}


def show(text: str) -> None:
    """Print a result."""
    click.echo(text.rstrip("\n"))


def show_json(value: Any) -> None:
    """Print records as one JSON object; sets and keys sorted."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2))


def note(text: str) -> None:
    """Print what is not a result."""
    click.echo(text, err=True)


def skips(found: Sequence[Skip], what: str, most: int = 5) -> None:
    """Say on standard error what was left out; the same reason is given once."""
    if not found:
        return
    note(f"{len(found)} {what} left out:")
    by_reason: dict[str, list[str]] = {}
    for skip in found:
        by_reason.setdefault(skip.reason, []).append(skip.subject)
    ordered = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    for reason, subjects in ordered[:most]:
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        note(f"  {subjects[0]}{more}: {reason}")
    if len(ordered) > most:
        note(f"  and {len(ordered) - most} other reasons; --format json lists them")


def selection_text(selection: Selection) -> str:
    """Return the chosen changes, each with its reason, its cost and its undo."""
    if not selection.recommendations:
        return "Nothing to recommend: no change saves enough for its size and build time."
    lines = []
    for number, item in enumerate(selection.recommendations, 1):
        lines += [*_recommendation(number, item), ""]
    saved = 1 - selection.estimated_cost_after / (selection.estimated_cost_before or 1.0)
    lines.append(
        f"Together: {saved:.0%} of the workload's estimated cost, "
        f"{bytes_text(selection.estimated_bytes)} of space."
    )
    return "\n".join(lines)


def _recommendation(number: int, item: Recommendation) -> Iterable[str]:
    yield f"{number:3}  {item.kind}: {item.spec}"
    yield from _field("why", item.reason)
    for sentence in item.evidence:
        yield from _field("", sentence)
    if item.consumers:
        yield from _field("for", ", ".join(item.consumers))
    build = f"{seconds_text(item.estimated_build_us, signed=True)} per dbt run"
    yield from _field("costs", f"{bytes_text(item.estimated_bytes, signed=True)}, {build}")
    if item.by_hand:
        yield from _field("by hand", item.by_hand)
    yield from _field("undo", item.undo)


def _field(label: str, text: str) -> Iterable[str]:
    wrapped = textwrap.wrap(text, WIDTH - 15) or [""]
    yield f"     {label:8}{wrapped[0]}"
    for line in wrapped[1:]:
        yield f"     {'':8}{line}"


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts, accepted ones first."""
    lines = []
    for verdict in sorted(verdicts, key=lambda v: list(_MARKS).index(v.decision)):
        ratio = verdict.measured_speedup_ratio
        speed = f"{ratio:.1f}x  " if ratio is not None else ""
        lines.append(f"{_MARKS[verdict.decision]:9}{speed}{verdict.recommendation.number_key}")
        for reason in verdict.reasons:
            lines += _field("", reason)
    return "\n".join(lines)


def forecasts_text(forecasts: Sequence[Forecast], labels: dict[str, str], limit: int) -> str:
    """Return what will be slower at the horizon, worst first."""
    if not forecasts:
        return "No forecast: the history is too short, or nothing grows."
    lines = []
    for item in sorted(forecasts, key=lambda f: (-f.predicted_ratio, f.subject))[:limit]:
        lines.append(
            f"{item.predicted_ratio:5.2f}x in {item.horizon_days:.0f} days  "
            f"{duration_text(item.measured_us)} -> {duration_text(item.predicted_us)} "
            f"({duration_text(item.predicted_low_us)}..{duration_text(item.predicted_high_us)})  "
            f"{shortened(labels.get(item.subject, item.subject), 44)}"
        )
        lines += _field("", item.reason)
    return "\n".join(lines)


def shortened(sql: str, width: int) -> str:
    """Return a statement in one line of at most `width` characters."""
    return textwrap.shorten(sql, width, placeholder=" ...")


def bytes_text(count: int, *, signed: bool = False) -> str:
    """Return bytes with a unit: `12.3 MB`."""
    sign = "-" if count < 0 else "+" if signed else ""
    size = float(abs(count))
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1024:
            return f"{sign}{size:.0f} {unit}" if unit in {"B", "kB"} else f"{sign}{size:.1f} {unit}"
        size /= 1024
    return f"{sign}{size:.1f} TB"


def seconds_text(microseconds: float, *, signed: bool = False) -> str:
    """Return a time in seconds: `+0.12 s`."""
    return f"{microseconds / 1e6:{'+' if signed else ''}.2f} s"


def duration_text(microseconds: float) -> str:
    """Return a time in the unit that reads best: `850 us`, `12 ms`, `3.4 s`."""
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1e6:.2f} s"
