"""What breaks next, for a terminal: when, how likely, why, and who is affected."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from textwrap import shorten, wrap

from dbt_schema_evolve.records.forecasts import Breach, Forecast
from dbt_schema_evolve.records.prospects import Affected, Foresight, Prospect, Spoke, Waiting
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.alarm_text import alarms_text
from dbt_schema_evolve.report.recommendation_text import WIDTH, labelled

_NAME = 50  # characters of a query: enough to know it, and leaves room for when
_NAMED = 3  # models, and consumers, by name; the rest are counted
_OTHERS = 5  # of those that do not break, so that all fits on a screen
_ALSO = 0.1  # of what speaks for a slowdown: a smaller cause is not worth a line
_COMMENT = re.compile(r"/\*.*?\*/")  # who sent it is said below
_FLIPS = 0.3  # chance; of plans with one so high on unknown projects of the fleet most changed
_NEXT_RUNS = 7  # that a probability speaks of: predict/labels.py
_NONE = "No forecast: the history is too short, or nothing grows."


def foresight_text(foresight: Foresight, limit: int) -> str:
    """Return what breaks next, then the likeliest of the rest, and who says so."""
    breaking = [each for each in foresight.prospects if each.breaks]
    others = [each for each in foresight.prospects if not each.breaks]
    days = figures.count(round(foresight.horizon_days), "day")
    lines: list[str] = []
    if breaking:
        lines += [f"Breaks within {days}:", ""]
        for number, prospect in enumerate(breaking[:limit], 1):
            lines += [*_prospect(number, prospect), ""]
        lines += _more(breaking, limit)
    elif others:
        lines += [f"Nothing is expected to break within {days}.", ""]
    if others and len(breaking) < limit:
        lines.append("The likeliest of the others:" if breaking else "The likeliest:")
        for prospect in others[: min(limit - len(breaking), _OTHERS)]:
            lines += _other(prospect)
        lines.append("")
    if not foresight.prospects:
        lines += [_NONE, ""]
    if foresight.alarms:
        lines += [
            "Columns that will be full:",
            *alarms_text(foresight.alarms, min(limit, _OTHERS)),
            "",
        ]
    return "\n".join([*lines, *wrap(who_spoke(foresight.spoke), WIDTH)])


def who_spoke(spoke: Spoke) -> str:
    """Return which predictor made the forecasts, and why it was that one."""
    name = "project's own model" if spoke.predictor == "own" else spoke.predictor
    return f"Forecast by the {name}: {spoke.reason}."


def forecasts_text(forecasts: Sequence[Forecast], labels: Mapping[str, str], limit: int) -> str:
    """Return what will be slower at the horizon, worst first, without limits."""
    if not forecasts:
        return _NONE
    lines = []
    for item in sorted(forecasts, key=lambda f: (-f.predicted_ratio, f.subject))[:limit]:
        label = shorten(labels.get(item.subject, item.subject), _NAME, placeholder=" ...")
        ratio = f"{item.predicted_ratio:.2f}x in {item.horizon_days:.0f} days"
        lines.append(f"{ratio}  {grows(item)}  {label}")
        lines += labelled("", item.reason)
    return "\n".join(lines)


def grows(item: Forecast) -> str:
    """Return `12 ms -> 18 ms (16 ms..21 ms)`."""
    now, then = figures.duration(item.measured_us), figures.duration(item.predicted_us)
    low, high = figures.duration(item.predicted_low_us), figures.duration(item.predicted_high_us)
    return f"{now} -> {then} ({low}..{high})"


def when(breach: Breach | None) -> str:
    """Return when a limit is passed, with the interval: `in 9 days (6..14)`."""
    if breach is None or (breach.days is None and breach.earliest_days is None):
        return ""
    if breach.days == 0:
        return "over its limit already"
    earliest = floor(breach.earliest_days or 0.0)
    if breach.days is None:
        return f"perhaps in {figures.count(earliest, 'day')}"
    latest = breach.latest_days
    end = f"{breach.looked_days:.0f}+" if latest is None else f"{ceil(latest)}"
    # Down: a warning should not come a day late.
    days = floor(breach.days)
    middle = f"in {figures.count(days, 'day')}" if days else "within a day"
    return f"{middle} ({earliest}..{end})"


def odds(forecast: Forecast) -> str:
    """Return how likely it is that the next runs are slow; empty where nobody says."""
    if forecast.predicted_probability is None:
        return ""
    chance = figures.chance(forecast.predicted_probability)
    return f"{chance} chance that its next {_NEXT_RUNS} runs degrade"


def plan(forecast: Forecast) -> str:
    """Return how likely another plan is, where that is worth a line."""
    chance = forecast.flip_probability or 0.0
    if chance < _FLIPS:
        return ""
    days = figures.count(round(forecast.horizon_days), "day")
    return f"{figures.percent(chance)} chance that it is another one within {days}"


def subject(prospect: Prospect, width: int = _NAME) -> str:
    """Return the name of a model, or the beginning of a query."""
    if prospect.kind != "query":
        return f"{prospect.kind} {prospect.name}"
    return shorten(_COMMENT.sub(" ", prospect.name), width, placeholder=" ...")


def who(affected: Affected) -> Iterator[str]:
    """Yield consumers, then models, a few of them by name."""
    if affected.consumers:
        yield _some([_consumer(each) for each in affected.consumers], "consumer")
    if affected.models:
        yield f"models {_some([str(place) for place in affected.models], 'model')}"


def also(forecast: Forecast) -> Iterator[str]:
    """Yield the causes that its reason does not tell, with their shares."""
    for cause in forecast.causes[:_NAMED]:
        if cause.share >= _ALSO and cause.sentence not in forecast.reason:
            yield f"{cause.sentence} ({figures.chance(cause.share)} of what speaks for it)"


def _prospect(number: int, prospect: Prospect) -> Iterator[str]:
    forecast = prospect.forecast
    yield f"{number:3}  {subject(prospect, WIDTH - 5)}"
    yield from labelled("breaks", "; ".join(filter(None, _when_and_odds(prospect))))
    at = f"{figures.count(round(forecast.horizon_days), 'day')}"
    limit = f"limit {figures.duration(prospect.limit.us)} ({prospect.limit.set_by})"
    yield from labelled("time", f"{grows(forecast)} in {at}; {limit}")
    if other := plan(forecast):
        yield from labelled("plan", other)
    yield from labelled("why", forecast.reason)
    for sentence in also(forecast):
        yield from labelled("", sentence)
    affected = "; ".join(who(prospect.affected))
    if affected:
        yield from labelled("affects", affected)


def _when_and_odds(prospect: Prospect) -> tuple[str, str]:
    """Return first what it is listed for: its day, or that it is likelier to degrade than not."""
    found, forecast = prospect.breach, prospect.forecast
    said = when(found), odds(forecast)
    in_time = found is not None and (found.days or 0.0) <= forecast.horizon_days
    return said if in_time else said[::-1]


def _other(prospect: Prospect) -> Iterator[str]:
    forecast = prospect.forecast
    likely = forecast.predicted_probability
    chance = "" if likely is None else f"  {figures.chance(likely)} likely"
    times = f"{forecast.predicted_ratio:.2f}x  {grows(forecast)}{chance}"
    room = max(WIDTH - len(times) - 5, 20)
    yield f"  {times}  {shorten(subject(prospect, room), room, placeholder=' ...')}"
    yield from labelled("", forecast.reason)


def _more(found: Sequence[Prospect], shown: int) -> list[str]:
    left = len(found) - shown
    return [f"  and {left:,} more; --limit shows them", ""] if left > 0 else []


def _some(names: Sequence[str], noun: str) -> str:
    rest = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    return f"{listed} and {figures.count(rest, f'other {noun}')}" if rest > 0 else listed


def _consumer(each: Waiting) -> str:
    owner = f" ({each.owner})" if each.owner else ""
    return f"{each.kind} {each.name}{owner}"
