"""A dbt project as its manifest describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True)
class Node:
    """One dbt node that has a relation or SQL: model, seed, snapshot, source or test."""

    unique_id: str
    resource_type: str  # model, seed, snapshot, source, test
    name: str
    package: str
    relation: RelationName | None  # absent for ephemeral models and tests
    materialized: str  # view, table, incremental, materialized_view, ephemeral, seed, snapshot, ""
    path: str  # of the file that defines it, relative to its package's root
    patch_path: str | None = None  # of the YAML file that describes it, likewise
    depends_on: tuple[str, ...] = ()  # unique ids
    raw_code: str = ""
    compiled_code: str | None = None  # None: dbt parsed but did not compile it
    language: str = "sql"
    declared_columns: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    unrendered_config: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    fqn: tuple[str, ...] = ()  # package, folders and name, as dbt_project.yml addresses it
    tags: tuple[str, ...] = ()  # sorted


@dataclass(frozen=True, slots=True)
class Exposure:
    """A consumer that the project declares."""

    unique_id: str
    name: str
    type: str  # dashboard, notebook, analysis, ml, application
    owner: str
    depends_on: tuple[str, ...]
    label: str = ""
    url: str = ""
    package: str = ""
    path: str = ""  # of the file that declares it, relative to its package's root
    fqn: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # sorted


@dataclass(frozen=True, slots=True)
class Project:
    """What one manifest says; nodes in the order of their unique ids."""

    name: str
    adapter_type: str
    dbt_version: str
    invocation_id: str
    generated_at: str  # ISO 8601, as dbt wrote it
    nodes: tuple[Node, ...]  # models, seeds, snapshots and tests
    sources: tuple[Node, ...]
    exposures: tuple[Exposure, ...]
    git_commit: str = ""  # where the environment of the run told dbt

    def by_id(self) -> dict[str, Node]:
        """Nodes and sources by unique id."""
        return {node.unique_id: node for node in (*self.nodes, *self.sources)}

    @property
    def models(self) -> tuple[Node, ...]:
        """The models alone."""
        return tuple(node for node in self.nodes if node.resource_type == "model")


@dataclass(frozen=True, slots=True)
class NodeRun:
    """One node's result in one dbt run."""

    invocation_id: str
    unique_id: str
    status: str  # success, error, skipped, pass, fail, warn
    started_at: str | None
    execution_us: int
    captured_at: datetime | None = None  # when the run ended, by the clock of the history
    relation: RelationName | None = None
    materialized: str = ""
    rows_affected: int | None = None
    adapter_response: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunResults:
    """What one `run_results.json` says."""

    invocation_id: str
    generated_at: str
    which: str  # run, build, test, ...: `compile` and `docs generate` hold no run times
    runs: tuple[NodeRun, ...]


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """One relation of `catalog.json` with its columns and types in order."""

    relation: RelationName
    unique_id: str
    columns: tuple[tuple[str, str], ...]
