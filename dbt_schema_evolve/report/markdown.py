"""The report as markdown: for a pull request, a wiki, or a mail."""

import re
from collections.abc import Iterable, Iterator

from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report.alarm_text import alarms_markdown
from dbt_schema_evolve.report.contents import (
    Proposal,
    ReportInput,
    decided,
    kinds,
    proposals,
    result_summary,
    speeds,
    stamp,
    subject_name,
)
from dbt_schema_evolve.report.figures import count, duration, percent, signed, size, speedup
from dbt_schema_evolve.report.forecast_markdown import prospects_table
from dbt_schema_evolve.report.recommendation_text import UNPRICED
from dbt_schema_evolve.report.spans import code_cell, text_span

_LABEL = 100  # characters of a query that still make a table readable
_MOST = 30  # forecasts, and alarms: a comment on a pull request holds 65,536 characters


def render(report: ReportInput) -> str:
    """Return the whole report; the same input gives the same text."""
    blocks = [
        f"# {text_span(report.title)}\n\nMade on {stamp(report)}.",
        _table(("what", "figure"), report.headline),
        *_proposed(report),
        *_proven(report),
        *_rejected(report),
        *_ahead(report),
        *_columns(report),
        *_lineage(report),
        *_patch(report),
        *_skipped("Left to a person", report.skips),
        *_skipped("Not looked at", report.not_looked_at),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _proposed(report: ReportInput) -> Iterator[str]:
    yield "## What is proposed"
    if not proposals(report):
        yield "Nothing: no change was found that pays."
    for item in proposals(report):
        yield _proposal(item)


def _proposal(item: Proposal) -> str:
    change = item.recommendation
    measured = item.verdict
    space = f"estimated {signed(change.estimated_bytes, size(change.estimated_bytes))}"
    build = f"estimated {signed(change.estimated_build_us, duration(change.estimated_build_us))}"
    if measured is not None and measured.measured_bytes is not None:
        space += f", measured {signed(measured.measured_bytes, size(measured.measured_bytes))}"
    if measured is not None and measured.measured_build_us is not None:
        took = measured.measured_build_us
        build += f", measured {signed(took, duration(took))}"
    saves = f"estimated {percent(change.estimated_benefit_ratio)} of the workload's cost"
    lines = [
        f"### {item.number}. {code_cell(change.number_key)} — {item.decision}",
        "",
        text_span(change.reason),
        "",
        f"- saves: {saves if change.is_priced else UNPRICED}",
        f"- space: {space}",
        f"- per dbt run: {build}",
    ]
    if measured is not None and measured.measured_speedup_ratio is not None:
        lines.append(f"- measured: {speedup(measured.measured_speedup_ratio)} (median)")
    lines += [f"- because: {text_span(sentence)}" for sentence in change.evidence]
    if change.consumers:
        lines.append(f"- serves: {text_span(', '.join(change.consumers))}")
    if change.by_hand:
        lines.append(f"- by hand: {text_span(change.by_hand)}")
    lines.append(f"- undo: {text_span(change.undo)}")
    return "\n".join(lines)


def _proven(report: ReportInput) -> Iterator[str]:
    yield "## What was proven"
    measured = speeds(report)
    if not measured:
        yield "Nothing was measured: there was no trial on a shadow target."
        return
    same, different, unknown = result_summary(report)
    sentence = f"{count(len(measured), 'query')} measured on a shadow target; "
    sentence += f"results identical {same}, different {different}, not comparable {unknown}."
    yield sentence
    yield _table(
        ("query", "calls", "before", "after", "change", "95 % interval of after / before"),
        (
            (
                code_cell(_short(subject_name(report, speed.fingerprint))),
                f"{speed.calls:,}",
                duration(speed.measured_baseline_us),
                duration(speed.measured_patched_us),
                speedup(1 / speed.measured_ratio),
                f"{speed.ratio_low:.2f} to {speed.ratio_high:.2f}",
            )
            for speed, _ in measured
        ),
        escaped=True,
    )


def _rejected(report: ReportInput) -> Iterator[str]:
    refused = decided(report, "rejected", "inconclusive")
    if not refused and not report.rejected:
        return
    yield "## What was rejected, and why"
    for item in refused:
        assert item.verdict is not None  # noqa: S101 - only a verdict makes these decisions
        reasons = "; ".join(item.verdict.reasons) or "no reason was given"
        key = code_cell(item.recommendation.number_key)
        yield f"- {key}: {item.decision}. {text_span(reasons)}"
    if report.rejected:
        yield "Never tried, because the planner or the budget spoke against it:"
        named = ((f"{r.candidate.kind}: {r.candidate.spec}", r.reason) for r in report.rejected)
        yield "\n".join(f"- {code_cell(name)}: {text_span(reason)}" for name, reason in named)


def _ahead(report: ReportInput) -> Iterator[str]:
    ahead = report.foresight
    if ahead is None or not ahead.prospects:
        return
    yield f"## What breaks within {count(round(ahead.horizon_days), 'day')}"
    yield prospects_table(ahead.prospects[:_MOST])
    if len(ahead.prospects) > _MOST:
        yield f"Less urgent: {len(ahead.prospects) - _MOST:,} more."
    yield text_span(f"Forecast by the {ahead.spoke.predictor}: {ahead.spoke.reason}.")


def _columns(report: ReportInput) -> Iterator[str]:
    alarms = report.foresight.alarms if report.foresight is not None else ()
    if not alarms and not report.notices:
        return
    yield "## Columns to watch"
    if alarms:
        yield alarms_markdown(alarms, _MOST)
    if report.notices:
        yield "\n".join(
            f"- {text_span(f'{each.sentence}. {each.meaning}')}" for each in report.notices
        )


def _lineage(report: ReportInput) -> Iterator[str]:
    if report.graph is None:
        return
    yield "## Lineage"
    found = ", ".join(count(number, kind) for kind, number in kinds(report.graph))
    edges = f"{len(report.graph.relation_edges):,} edges between relations"
    columns = f"{len(report.graph.column_edges):,} between columns"
    yield f"{found or 'no nodes'}; {edges}, {columns}."


def _patch(report: ReportInput) -> Iterator[str]:
    yield "## The patch"
    if not report.diff:
        yield "Empty: nothing that is proposed can be written into the project."
        return
    runs = max((len(run) for run in re.findall("`+", report.diff)), default=0)
    fence = "`" * max(3, runs + 1)
    yield f"{fence}diff\n{report.diff.rstrip(chr(10))}\n{fence}"
    if report.full_refresh:
        names = ", ".join(code_cell(item) for item in report.full_refresh)
        yield f"Takes effect after `dbt run --full-refresh` of: {names}."


def _skipped(title: str, skips: tuple[Skip, ...]) -> Iterator[str]:
    if skips:
        yield f"## {title}"
        yield "\n".join(f"- {code_cell(skip.subject)}: {text_span(skip.reason)}" for skip in skips)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, escaped: bool = False) -> str:
    lines = [[cell if escaped else text_span(cell) for cell in row] for row in rows]
    if not lines:
        return ""
    return "\n".join(
        f"| {' | '.join(line)} |" for line in (list(head), ["---"] * len(head), *lines)
    )


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1].rstrip() + "…"
