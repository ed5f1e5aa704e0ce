"""What one dbt run left behind: the facts of a capture, and the artifacts that dbt wrote."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.workload import Skip, StatementSnapshot


@dataclass(frozen=True, slots=True)
class Capture:
    """One look at the warehouse, made at the end of a dbt run or by itself."""

    capture_id: str  # the id of the dbt invocation
    captured_at: datetime
    which: str = ""  # the dbt command: run, build, run-operation, ...
    target_name: str = ""
    target_schema: str = ""
    adapter_type: str = ""
    dbt_version: str = ""
    project_name: str = ""
    server_version: int | None = None  # as server_version_num
    not_looked_at: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class CapturedFacts:
    """A capture with everything that it wrote down."""

    capture: Capture
    node_runs: tuple[NodeRun, ...] = ()
    statements: tuple[StatementSnapshot, ...] = ()
    relations: tuple[RelationProfile, ...] = ()
    columns: tuple[ColumnProfile, ...] = ()
    indexes: tuple[IndexProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """One JSON file of dbt's, byte for byte."""

    kind: str  # manifest, run_results, catalog
    invocation_id: str
    generated_at: str  # ISO 8601, as dbt wrote it
    content: bytes
