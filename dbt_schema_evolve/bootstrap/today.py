"""From when to look ahead: now, or where the facts of a history end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dbt_schema_evolve.records.captures import Capture

_FRESH = timedelta(days=4)  # a long weekend without a build is no end
_DISAGREEMENT = timedelta(hours=1)  # clocks of two machines may be so far apart


def today(captures: Sequence[Capture], now: datetime) -> tuple[datetime, tuple[str, ...]]:
    """Return the instant, and what to say of it; `captures` are sorted by time."""
    past = [each.captured_at for each in captures if each.captured_at <= now + _DISAGREEMENT]
    notes = []
    if ahead := len(captures) - len(past):
        said = "1 capture is" if ahead == 1 else f"{ahead:,} captures are"
        last = captures[-1].captured_at
        notes.append(f"{said} of after now, up to {last:%Y-%m-%d}, and not believed yet")
    if past and now - past[-1] > _FRESH:
        now = past[-1]
        notes.append(f"the last capture is of {now:%Y-%m-%d}, and that is taken for today")
    return now, tuple(notes)
