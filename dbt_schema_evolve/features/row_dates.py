"""What the dates in a table tell of its past: how many rows it had before anybody counted them.

Growth takes several looks, and on the first day there was one. But rows carry the day on which they
came, and `pg_stats` knows how those days are spread: of a column that ends at the present, the rows
that are older than a week are about those that were there a week ago.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.timeline import OPENING
from dbt_schema_evolve.records.catalog import ColumnStatistics, TableShape
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationKind

DAYS_BACK = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30)
"""A week of steps, as a pace is made of, and as far back as forecasts look ahead."""

_DAY = timedelta(days=1)
_PRESENT = 2 * _DAY  # a nightly load that is late, a zone of the other half of the globe
_FEW_NULLS = 0.01  # the day on which a row came is known of every row; others come later, or never
_FEW_DELETED = 0.05  # of the rows that came: where more goes, what is old is not all that was there
_FEWEST_ROWS = 100  # a hundredth of less is no row


def earlier_sizes(
    table: TableShape, now: datetime, analyzed_at: datetime | None = None
) -> tuple[RelationProfile, ...]:
    """Return how many rows a table had on DAYS_BACK, oldest first; nothing where no column tells.

    Statistics of `analyzed_at` are taken for today's: it grows on as it did then. Of several
    columns the one counts that makes it grow least: a row is never changed before it came.
    Partitions may be dropped without a trace, so nothing is said of what has them.
    """
    if table.kind is not RelationKind.TABLE or table.partition_key or table.partition_of:
        return ()
    analyzed_at = analyzed_at or now
    if table.rows < _FEWEST_ROWS or now - analyzed_at > OPENING:
        return ()
    types = {column.name: column.type for column in table.columns}
    tellers = [
        shares
        for row in table.statistics
        if not row.inherited
        and row.null_fraction <= _FEW_NULLS
        and (types.get(row.column) == "date" or types.get(row.column, "").startswith("timestamp"))
        and (shares := _older_shares(row, analyzed_at))
    ]
    if not tellers:
        return ()
    least = max(tellers, key=sum)
    return tuple(
        RelationProfile(
            table.relation, table.kind, now - days * _DAY, round(share * table.rows), None, None
        )
        for days, share in reversed(tuple(zip(DAYS_BACK, least, strict=True)))
    )


def with_earlier_sizes(facts: Facts, earlier: Iterable[RelationProfile], now: datetime) -> Facts:
    """Return facts with the past of those relations that were first counted within a week.

    It is for what others load: what dbt builds is often cut to a window, which moves on without
    growing. And it is for what hardly loses any rows.
    """
    first: dict[object, datetime] = {}
    last: dict[object, RelationProfile] = {}
    for profile in facts.relations:
        if profile.captured_at <= now:
            at = first.setdefault(profile.relation, profile.captured_at)
            first[profile.relation] = min(at, profile.captured_at)
            if profile.captured_at >= last.setdefault(profile.relation, profile).captured_at:
                last[profile.relation] = profile
    built = {node.relation for node in facts.graph.nodes if node.kind != "source"}
    told = (
        each
        for each in earlier
        if each.relation in first
        and each.relation not in built
        and now - OPENING < first[each.relation]
        and each.captured_at < first[each.relation]
        and _keeps_its_rows(last[each.relation])
    )
    return replace(facts, relations=(*told, *facts.relations))


def _keeps_its_rows(profile: RelationProfile) -> bool:
    deleted, inserted = profile.deleted_rows or 0, profile.inserted_rows or 0
    return deleted <= _FEW_DELETED * max(inserted, profile.estimated_rows or 0)


def _older_shares(row: ColumnStatistics, now: datetime) -> list[float]:
    """Return the share of older rows by DAYS_BACK from the newest, which has to be of now."""
    common = row.most_common_values or ()
    frequencies = row.most_common_frequencies or ()
    try:
        days = [(_instant(value), share) for value, share in zip(common, frequencies, strict=True)]
        bounds = [_instant(value) for value in row.histogram_bounds or ()]
    except (ValueError, OverflowError):  # infinity, or tokens instead of values
        return []
    end = max([day for day, _ in days] + bounds, default=None)
    if end is None or abs(end - now.astimezone(UTC)) > _PRESENT:
        return []
    left = max(1 - row.null_fraction - sum(frequencies), 0.0)
    present = sum(frequencies) + (left if len(bounds) > 1 else 0.0)
    return [
        sum(_parts(days, bounds, left, end - back * _DAY)) / present if present else 0.0
        for back in DAYS_BACK
    ]


def _parts(
    days: list[tuple[datetime, float]], bounds: list[datetime], left: float, until: datetime
) -> Iterator[float]:
    """Yield shares of the rows that came no later than an instant."""
    yield from (share for day, share in days if day <= until)
    each = left / max(len(bounds) - 1, 1)
    for low, high in pairwise(bounds):
        if high <= until:
            yield each
        elif low < until:
            yield each * ((until - low) / (high - low))


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
