"""The settings under which the twin's planner, a Postgres 18, plans as the warehouse's would."""

from collections.abc import Iterator

from dbt_schema_evolve.records.catalog import Catalog

_SINCE = {
    "enable_async_append": 140000,
    "enable_memoize": 140000,
    "enable_presorted_aggregate": 160000,
    "enable_group_by_reordering": 170000,
    "enable_distinct_reordering": 180000,
    "enable_self_join_elimination": 180000,
}
"""What a planner learnt, and the server_version_num that came with it: release notes, E.1.3.1."""


def planner_settings(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield what to set: newer tricks off, then the warehouse's own settings."""
    for name, version in _SINCE.items():
        if catalog.server_version < version:
            yield name, "off"
    yield from catalog.settings
