"""The report as one HTML page that needs nothing else: no network, no scripts, no fonts."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import jinja2
from markupsafe import Markup

from dbt_schema_evolve.records.prospects import Prospect
from dbt_schema_evolve.report import contents, figures
from dbt_schema_evolve.report.alarm_text import alarm_sentence, with_others
from dbt_schema_evolve.report.charts import forecast_range, paired_bars, tone
from dbt_schema_evolve.report.contents import ReportInput
from dbt_schema_evolve.report.forecast_text import also, subject, when, who
from dbt_schema_evolve.report.lineage_chart import MOST_NODES, draw, vertices
from dbt_schema_evolve.report.recommendation_text import UNPRICED

# A page that one reads holds so many rows; what is left out is counted on it.
_MOST_ROWS = 60
_MOST_DIFF_LINES = 800
_LABEL = 220  # characters of a query
_LINE = 240  # characters of a diff line

_Item = TypeVar("_Item")


def render(report: ReportInput) -> str:
    """Return the whole page; the same input gives the same text."""
    proposals = contents.proposals(report)
    measured = contents.speeds(report)
    prospects = report.foresight.prospects if report.foresight is not None else ()
    alarms = report.foresight.alarms if report.foresight is not None else ()
    return _template().render(
        report=report,
        stamp=contents.stamp(report),
        proposals=_first(proposals),
        more_proposals=_rest(proposals),
        counts=_counts(proposals),
        refused=_first(contents.decided(report, "rejected", "inconclusive")),
        rejected=_first(report.rejected),
        more_rejected=_rest(report.rejected),
        speeds=[(speed, paired_bars(speed), tone(speed)) for speed, _ in _first(measured)],
        more_speeds=_rest(measured),
        results=contents.result_summary(report),
        ahead=report.foresight,
        forecasts=_forecast_rows(prospects),
        more_forecasts=_rest(prospects),
        alarms=[f"{alarm_sentence(each)}{with_others(each)}" for each in _first(alarms)],
        more_alarms=_rest(alarms),
        lineage=_lineage(report),
        diff=_diff_lines(report.diff),
        skips=_first(report.skips),
        more_skips=_rest(report.skips),
        not_looked_at=_first(report.not_looked_at),
        more_not_looked_at=_rest(report.not_looked_at),
        name=lambda subject: _shortened(contents.subject_name(report, subject)),
        figures=figures,
        unpriced=UNPRICED,
    )


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of the diff and what it is: file, head, hunk, added, removed, note or same."""

    kind: str
    text: str


def _diff_lines(diff: str) -> list[DiffLine]:
    shown: list[DiffLine] = []
    in_hunk = False
    lines = diff.removesuffix("\n").split("\n") if diff else []
    for line in lines[:_MOST_DIFF_LINES]:
        # Within a hunk the first character decides: `--- x` there is a comment that goes.
        if line.startswith(("diff --git ", "@@")):
            in_hunk = line.startswith("@@")
            kind = "hunk" if in_hunk else "file"
        else:
            kind = _IN_HUNK.get(line[:1], "same") if in_hunk else "head"
        shown.append(DiffLine(kind, line[:_LINE].rstrip("\r")))
    if len(lines) > _MOST_DIFF_LINES:
        left_out = len(lines) - _MOST_DIFF_LINES
        shown.append(DiffLine("note", f"… and {left_out:,} more lines"))
    return shown


_IN_HUNK = {"+": "added", "-": "removed", "\\": "note"}


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One row of what breaks, in the words of `predict`."""

    prospect: Prospect
    name: str
    breaks: str  # when, with the interval; empty: not within the horizon
    chart: Markup
    why: tuple[str, ...]  # the leading cause first
    affected: tuple[str, ...]


def _forecast_rows(prospects: Sequence[Prospect]) -> list[ForecastRow]:
    shown = _first(prospects)
    forecasts = [each.forecast for each in shown]
    worst = max((each.predicted_high_us / each.measured_us for each in forecasts), default=1.0)
    return [
        ForecastRow(
            each,
            subject(each, _LABEL),
            when(each.breach) if each.breaks else "",
            forecast_range(each.forecast, worst),
            (each.forecast.reason, *also(each.forecast)),
            tuple(who(each.affected)),
        )
        for each in shown
    ]


def _counts(proposals: Sequence[contents.Proposal]) -> list[tuple[str, int]]:
    decisions = [item.decision for item in proposals]
    order = ("accepted", "rejected", "inconclusive", "not tried", "by hand")
    return [(word, decisions.count(word)) for word in order if word in decisions]


def _lineage(report: ReportInput) -> dict[str, object] | None:
    graph = report.graph
    if graph is None:
        return None
    marked = frozenset(item.model_id for item in report.recommendations if item.model_id)
    drawn = 0 < len(vertices(graph)) <= MOST_NODES
    return {
        "drawing": draw(graph, marked) if drawn else None,
        "kinds": list(contents.kinds(graph)),
        "relation_edges": len(graph.relation_edges),
        "column_edges": len(graph.column_edges),
    }


def _prose(text: str) -> Markup:
    """Return running text, escaped, with what stands in single backticks set as code."""
    parts = re.split(r"`([^`]+)`", text)
    parts[1::2] = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    return Markup("").join(parts)


def _shortened(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1].rstrip() + "…"


def _first(items: Sequence[_Item]) -> Sequence[_Item]:
    return items[:_MOST_ROWS]


def _rest(items: Sequence[object]) -> int:
    return max(0, len(items) - _MOST_ROWS)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dbt_schema_evolve", "report/templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["prose"] = _prose
    return environment.get_template("report.html.jinja")
