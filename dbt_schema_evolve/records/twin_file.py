"""A catalog on its way from a warehouse to another machine: what a twin file holds."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class FiledCatalog:
    """A catalog with where and when it was read, and what was taken out of it before."""

    catalog: Catalog
    search_path: tuple[str, ...]
    captured_at: datetime
    tool: str  # who wrote it: name and version
    lost: tuple[str, ...] = ()  # precision that redaction cost, a sentence each


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a catalog stands on a twin."""

    tables: int
    views: int
    indexes: int


@dataclass(frozen=True, slots=True)
class TwinReport:
    """What a twin file says of itself, and what of it stands on a twin."""

    tool: str
    captured_at: datetime
    server_version: int
    lost: tuple[str, ...]
    standing: Standing
    skips: tuple[Skip, ...]
    disk_bytes: int
    seconds: float
