"""Recommendations for a terminal: what, why, for whom, at what price, as which config, and undo."""

import difflib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbt_schema_evolve.records.changes import Recommendation, Rejection, Selection
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit
from dbt_schema_evolve.records.trials import Decision, KeptVerdict
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.names import readable

WIDTH = 100
UNPRICED = "not priced: no plan of today shows it"
_WORDS = {Decision.ACCEPT: "proven", Decision.REJECT: "refuted", Decision.INCONCLUSIVE: "open"}


@dataclass(frozen=True, slots=True)
class Recommended:
    """A selection, and what is known beside it."""

    selection: Selection
    labels: Mapping[str, str] = field(default_factory=dict)  # fingerprint -> SQL in one line
    time_shares: Mapping[str, float] = field(default_factory=dict)  # fingerprint -> of all time
    patch: ConfigPatch | None = None
    verdicts: Mapping[str, KeptVerdict] = field(default_factory=dict)  # of the last validation


def recommendations_text(found: Recommended) -> str:
    """Return the chosen changes, most useful first, and what the project itself ruled out."""
    selection = found.selection
    if not selection.recommendations:
        lines = ["Nothing to recommend: no change saves enough for its size and build time."]
        return "\n".join([*lines, *_notices(selection), *_wishes(selection)])
    lines = []
    for number, item in enumerate(readable(selection.recommendations, found.labels), 1):
        lines += [*_recommendation(number, item, found), ""]
    if any(item.is_priced for item in selection.recommendations):
        saved = 1 - selection.estimated_cost_after / (selection.estimated_cost_before or 1.0)
        lines.append(
            f"Together: {saved:.0%} of the workload's estimated cost, "
            f"{figures.size(selection.estimated_bytes)} of space."
        )
    return "\n".join([*lines, *_notices(selection), *_wishes(selection)])


def recommendation_text(number: int, found: Recommended) -> str:
    """Return one of the chosen changes, counted from 1."""
    items = readable(found.selection.recommendations, found.labels)
    return "\n".join(_recommendation(number, items[number - 1], found))


def labelled(label: str, text: str) -> Iterator[str]:
    """Yield a text below a label, wrapped."""
    wrapped = textwrap.wrap(text, WIDTH - 15) or [""]
    yield f"     {label:8}{wrapped[0]}"
    for line in wrapped[1:]:
        yield f"     {'':8}{line}"


def _recommendation(number: int, item: Recommendation, found: Recommended) -> Iterator[str]:
    yield f"{number:3}  {item.kind}: {item.spec}"
    yield from labelled("why", item.reason)
    if item.benefits:
        yield from labelled("", _queries(item, found.time_shares))
    for sentence in item.evidence:
        yield from labelled("", sentence)
    if item.consumers:
        yield from labelled("for", _consumers(item))
    yield from labelled("gain", _gain(item, found.verdicts.get(item.number_key)))
    yield from labelled("costs", _costs(item, found.verdicts.get(item.number_key)))
    if item.by_hand:
        yield from labelled("by hand", item.by_hand)
    yield from _config(item, found.patch)
    yield from labelled("undo", item.undo)


def _queries(item: Recommendation, shares: Mapping[str, float]) -> str:
    names = {benefit.fingerprint for benefit in item.benefits}
    share = sum(shares.get(name, 0.0) for name in sorted(names))
    return f"{figures.count(len(names), 'query')}, {figures.percent(share)} of the time of all"


def _consumers(item: Recommendation) -> str:
    """Name who gains, and what share of all that they ask for."""
    shares = {each.consumer: each.estimated_saved_ratio for each in item.consumer_benefits}
    named = [
        f"{name} (saves {figures.percent(shares[name])})" if name in shares else name
        for name in sorted(item.consumers, key=lambda name: (-shares.get(name, 0.0), name))
    ]
    return ", ".join(named)


def _gain(item: Recommendation, verdict: KeptVerdict | None) -> str:
    if not item.is_priced:
        return UNPRICED
    text = f"estimated {figures.percent(item.estimated_benefit_ratio)} of the workload's cost"
    if verdict is None:
        return text
    ratio = verdict.measured_speedup_ratio
    measured = "" if ratio is None else f", measured {figures.speedup(ratio)}"
    return f"{text}{measured}, {_WORDS[verdict.decision]} by the last validation"


def _costs(item: Recommendation, verdict: KeptVerdict | None) -> str:
    space = figures.signed(item.estimated_bytes, figures.size(item.estimated_bytes))
    build = figures.signed(item.estimated_build_us, figures.duration(item.estimated_build_us))
    if verdict is not None and verdict.measured_bytes is not None:
        space += f" (measured {figures.size(verdict.measured_bytes)})"
    if verdict is not None and verdict.measured_build_us is not None:
        build += f" (measured {figures.duration(verdict.measured_build_us)})"
    paid = ", ".join(
        f"{each.model_id.rsplit('.', 1)[-1]} {figures.duration(each.estimated_us)}"
        for each in item.payers
    )
    return f"{space}, {build} per dbt run{f'; paid by {paid}' if paid else ''}"


def _config(item: Recommendation, patch: ConfigPatch | None) -> Iterator[str]:
    """Yield the lines of config that the patch adds and removes for one recommendation."""
    if patch is None:
        return
    for carried, step in zip(patch.recommendations, patch.steps, strict=True):
        if carried.number_key == item.number_key:
            yield from labelled("config", step.path)
            yield from (f"     {'':8}{line}" for line in _changed_lines(step))


def _changed_lines(step: FileEdit) -> Iterator[str]:
    before, after = ((side or b"").decode().splitlines() for side in (step.before, step.after))
    for line in difflib.ndiff(before, after):
        if line.startswith(("+ ", "- ")) and line[2:].strip():
            yield line


def _notices(selection: Selection) -> Iterator[str]:
    if selection.notices:
        yield ""
        yield "To be known:"
    for notice in selection.notices:
        yield from labelled("", f"{notice.sentence}. {notice.meaning}")


def _wishes(selection: Selection) -> Iterator[str]:
    rejected = selection.rejected
    yield from _left_out("because the project says so", [r for r in rejected if r.is_wish])
    yield from _left_out("though pinned", [r for r in rejected if r.candidate.is_pinned])


def _left_out(why: str, rejections: Sequence[Rejection]) -> Iterator[str]:
    if rejections:
        yield ""
        yield f"Left out, {why}:"
    for rejection in rejections:
        candidate = rejection.candidate
        yield from labelled("", f"{candidate.kind}: {candidate.spec}: {rejection.reason}")
