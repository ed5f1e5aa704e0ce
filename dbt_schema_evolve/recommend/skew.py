"""Columns of which one value takes over: no change of ours mends that, but much follows from it."""

from collections import defaultdict
from collections.abc import Iterator
from math import floor

from dbt_schema_evolve.recommend.access import all_queries
from dbt_schema_evolve.records.changes import Notice
from dbt_schema_evolve.records.column_trends import ColumnTrend, Share
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import UseKind

# A quarter of the rows: reading them through an index takes as long as reading the whole table,
# with random_page_cost at four times seq_page_cost as it is by default.
MIN_RATIO = 0.25

# Two weeks, so that no rhythm of one week passes for a rise.
MIN_DAYS = 14.0

# min_parallel_table_scan_size: of less, every plan is quick.
_MIN_BYTES = 8 << 20

_HALF = 0.5


def notices(evidence: Evidence) -> tuple[Notice, ...]:
    """Return what is to be known of shares that rise, the largest first."""
    joins = _using_queries(evidence, UseKind.JOIN)
    searches = _using_queries(evidence, UseKind.EQUALITY)
    found = [
        (share.ratio, trend.column, share)
        for trend in evidence.watched.trends
        if (share := worrying(trend)) is not None
        and trend.column in joins.keys() | searches.keys()
        and _is_large(evidence.relations.get(trend.column.relation))
    ]
    return tuple(
        Notice(
            column,
            _sentence(column, share),
            " ".join(_meanings(share.ratio, joins.get(column, 0), searches.get(column, 0))),
        )
        for _, column, share in sorted(found, key=lambda each: (-each[0], each[1]))
    )


def worrying(trend: ColumnTrend) -> Share | None:
    """Return the share of a column's commonest value if it is large and rises; None otherwise."""
    share = trend.top_share
    if share is None or share.slope is None or share.ratio < MIN_RATIO:
        return None
    return share if share.is_rising and share.slope.days >= MIN_DAYS else None


def is_worth_reading(evidence: Evidence, trend: ColumnTrend) -> bool:
    """Tell by one look whether the past of a column could show that one value takes over."""
    share = trend.top_share
    is_large = _is_large(evidence.relations.get(trend.column.relation))
    return is_large and share is not None and share.ratio >= MIN_RATIO


def _is_large(profile: RelationProfile | None) -> bool:
    return profile is not None and (profile.table_bytes or 0) >= _MIN_BYTES


def _using_queries(evidence: Evidence, kind: UseKind) -> dict[ColumnName, int]:
    """Return by column how many queries of the window use it so."""
    names: defaultdict[ColumnName, set[str]] = defaultdict(set)
    for query in all_queries(evidence):
        for use in query.uses.uses:
            if use.kind is kind and not use.expression:
                names[use.column].add(query.fingerprint)
    return {column: len(found) for column, found in names.items()}


def _sentence(column: ColumnName, share: Share) -> str:
    assert share.slope is not None  # noqa: S101 - what does not rise is not told of
    text = (
        f"{100 * share.ratio:.0f} % of the rows share one value of `{column}`, "
        f"{100 * share.slope.per_day:.2g} points more each day over {share.slope.days:.0f} days"
    )
    until = share.slope.until(_HALF - share.ratio) if share.ratio < _HALF else None
    return text if until is None else f"{text}; half of them in {_days(floor(until.days))}"


def _meanings(ratio: float, joins: int, searches: int) -> Iterator[str]:
    if joins:
        yield (
            f"Joins on it in {_queries(joins)}: a hash join that outgrows work_mem cannot split "
            "the rows of one value, and a hash partition takes them all."
        )
    if searches:
        yield (
            f"Searches for a value of it in {_queries(searches)}: for this one an index is no "
            f"help; an index that leaves it out (`where`) is about {100 * ratio:.0f} % smaller."
        )


def _queries(count: int) -> str:
    return "1 query" if count == 1 else f"{count:,} queries"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"
