"""What breaks next, as a comment on a pull request or a message in a channel."""

from collections.abc import Iterator, Sequence

from dbt_schema_evolve.records.prospects import Foresight, Prospect
from dbt_schema_evolve.report.alarm_text import alarms_markdown
from dbt_schema_evolve.report.figures import chance, count
from dbt_schema_evolve.report.forecast_text import grows, subject, when, who, who_spoke
from dbt_schema_evolve.report.spans import code_cell, text_span

_HEAD = ("what", "breaks", "likely", "time", "why", "affects")


def foresight_markdown(foresight: Foresight, limit: int) -> str:
    """Return a table of what breaks next and of the likeliest others."""
    days = count(round(foresight.horizon_days), "day")
    blocks = [f"### What breaks within {days}"]
    if foresight.prospects:
        blocks.append(prospects_table(foresight.prospects[:limit]))
    else:
        blocks.append("No forecast: the history is too short, or nothing grows.")
    if len(foresight.prospects) > limit:
        blocks.append(f"Less urgent: {len(foresight.prospects) - limit:,} more.")
    if foresight.alarms:
        blocks.append(alarms_markdown(foresight.alarms, limit))
    if foresight.skips:
        blocks.append(f"Queries and models without a forecast: {len(foresight.skips):,}.")
    blocks.append(text_span(who_spoke(foresight.spoke)))
    return "\n\n".join([*blocks, *map(text_span, foresight.notes)]) + "\n"


def prospects_table(prospects: Sequence[Prospect]) -> str:
    """Return a row for each: when it breaks, how likely, why, and who is affected."""
    return "\n".join(_rows(prospects))


def _rows(prospects: Sequence[Prospect]) -> Iterator[str]:
    yield f"| {' | '.join(_HEAD)} |"
    yield f"|{'---|' * len(_HEAD)}"
    for each in prospects:
        forecast = each.forecast
        probability = forecast.predicted_probability
        cells = (
            code_cell(subject(each, 100)),
            (when(each.breach) or "no") if each.breaks else "no",
            "" if probability is None else chance(probability),
            grows(forecast),
            text_span(forecast.reason),
            text_span("; ".join(who(each.affected))),
        )
        yield f"| {' | '.join(cells)} |"
