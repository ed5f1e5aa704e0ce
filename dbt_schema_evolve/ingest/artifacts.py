"""Reads dbt's JSON artifacts into records, typed down to the fields that we need.

Every key is optional, because dbt 2 leaves out what is null, and unknown keys are passed over,
because each dbt release adds some.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.records.project import (
    CatalogTable,
    Exposure,
    Node,
    NodeRun,
    Project,
    RunResults,
)
from dbt_schema_evolve.records.relations import RelationName

ADAPTERS = ("pgevolve", "postgres")
_MANIFESTS = (*range(4, 13), 20)  # 20: betas of dbt Fusion
_TYPES = frozenset({"model", "seed", "snapshot", "test"})
# dbt keeps variables named `DBT_ENV_CUSTOM_ENV_<name>`; these are what runners call the commit.
_COMMITS = ("DBT_CLOUD_GIT_SHA", "GIT_SHA", "GIT_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA")
_SHA = re.compile(r"[0-9a-fA-F]{7,64}\Z")
_VERSION = re.compile(r"/([a-z-]+)/v(\d+)(?:\.json)?\Z")

_Shape = TypeVar("_Shape")
_Json = dict[str, Any]


class _Metadata(msgspec.Struct):
    dbt_schema_version: str | None = None
    dbt_version: str | None = None
    adapter_type: str | None = None
    project_name: str | None = None
    invocation_id: str | None = None
    generated_at: str | None = None
    env: Any = None


class _DependsOn(msgspec.Struct):
    nodes: list[str] | None = None


class _Node(msgspec.Struct):
    unique_id: str | None = None
    resource_type: str | None = None
    name: str | None = None
    package_name: str | None = None
    schema: str | None = None
    alias: str | None = None
    identifier: str | None = None
    path: str | None = None
    original_file_path: str | None = None
    patch_path: str | None = None
    depends_on: _DependsOn | None = None
    raw_code: str | None = None
    raw_sql: str | None = None  # before manifest v7
    compiled_code: str | None = None
    compiled_sql: str | None = None  # before manifest v7
    language: str | None = None
    columns: _Json | None = None
    config: _Json | None = None
    unrendered_config: _Json | None = None
    description: str | None = None
    tags: str | list[str] | None = None
    fqn: list[str] | None = None


class _Owner(msgspec.Struct):
    name: str | list[str] | None = None
    email: str | list[str] | None = None


class _Exposure(msgspec.Struct):
    unique_id: str | None = None
    name: str | None = None
    type: str | None = None
    owner: _Owner | None = None
    depends_on: _DependsOn | None = None
    label: str | None = None
    url: str | None = None
    package_name: str | None = None
    path: str | None = None
    original_file_path: str | None = None
    fqn: list[str] | None = None
    tags: str | list[str] | None = None
    config: _Json | None = None


class _Manifest(msgspec.Struct):
    metadata: _Metadata | None = None
    nodes: dict[str, _Node] | None = None
    sources: dict[str, _Node] | None = None
    exposures: dict[str, _Exposure] | None = None


class _Timing(msgspec.Struct):
    name: str | None = None
    started_at: str | None = None


class _Result(msgspec.Struct):
    unique_id: str | None = None
    status: str | None = None
    execution_time: float | None = None
    timing: list[_Timing] | None = None


class _Arguments(msgspec.Struct):
    which: str | None = None


class _RunResults(msgspec.Struct):
    metadata: _Metadata | None = None
    results: list[_Result] | None = None
    args: _Arguments | None = None


class _CatalogMetadata(msgspec.Struct):
    schema: str | None = None
    name: str | None = None


class _CatalogColumn(msgspec.Struct):
    name: str | None = None
    type: str | None = None
    index: int | None = None


class _CatalogTable(msgspec.Struct):
    metadata: _CatalogMetadata | None = None
    columns: dict[str, _CatalogColumn] | None = None


class _Catalog(msgspec.Struct):
    metadata: _Metadata | None = None
    nodes: dict[str, _CatalogTable] | None = None
    sources: dict[str, _CatalogTable] | None = None


def read_manifest(data: bytes, at: str) -> Project:
    """Read `manifest.json`; `at` is where it came from, for the messages."""
    manifest = _decoded(data, _Manifest, at, "manifest")
    metadata = _metadata(manifest.metadata, manifest.nodes, at, "manifest", _MANIFESTS)
    adapter = metadata.adapter_type or ""
    if adapter not in ADAPTERS:
        raise ArtifactError(
            f"the manifest was made for the adapter {adapter or '(none named)'}, not for Postgres",
            at=at,
            remedy="give the manifest of a target whose type is postgres or pgevolve",
        )
    return Project(
        name=metadata.project_name or "",
        adapter_type=adapter,
        dbt_version=metadata.dbt_version or "",
        invocation_id=metadata.invocation_id or "",
        generated_at=metadata.generated_at or "",
        nodes=tuple(
            _node(unique_id, raw)
            for unique_id, raw in sorted((manifest.nodes or {}).items())
            if _type(unique_id, raw) in _TYPES
        ),
        sources=tuple(
            _node(unique_id, raw) for unique_id, raw in sorted((manifest.sources or {}).items())
        ),
        exposures=tuple(
            _exposure(unique_id, raw)
            for unique_id, raw in sorted((manifest.exposures or {}).items())
        ),
        git_commit=_git_commit(metadata.env),
    )


def read_run_results(data: bytes, at: str) -> RunResults:
    """Read `run_results.json`; the caller looks at `which` before it believes the times."""
    raw = _decoded(data, _RunResults, at, "run_results")
    metadata = _metadata(raw.metadata, raw.results, at, "run-results", range(1, 7))
    return RunResults(
        invocation_id=metadata.invocation_id or "",
        generated_at=metadata.generated_at or "",
        which=(raw.args.which if raw.args else None) or "",
        runs=tuple(
            NodeRun(
                invocation_id=metadata.invocation_id or "",
                unique_id=result.unique_id,
                status=result.status or "",
                started_at=_started_at(result.timing or ()),
                execution_us=round((result.execution_time or 0.0) * 1_000_000),
            )
            for result in raw.results or ()
            if result.unique_id
        ),
    )


def read_catalog(data: bytes, at: str) -> tuple[CatalogTable, ...]:
    """Read `catalog.json`: nodes and sources, by unique id."""
    raw = _decoded(data, _Catalog, at, "catalog")
    _metadata(raw.metadata, raw.nodes, at, "catalog", (1,))
    both = {**(raw.nodes or {}), **(raw.sources or {})}
    return tuple(
        CatalogTable(
            relation=RelationName(table.metadata.schema or "", table.metadata.name),
            unique_id=unique_id,
            columns=_columns(table),
        )
        for unique_id, table in sorted(both.items())
        if table.metadata and table.metadata.name
    )


def _decoded(data: bytes, shape: type[_Shape], at: str, what: str) -> _Shape:
    remedy = "run dbt again (`dbt compile`, `dbt build` or `dbt docs generate`), then retry"
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=shape)
    except msgspec.ValidationError as error:
        problem = f"this is no {what} that dbt wrote: {error}"
        raise ArtifactError(problem, at=at, remedy=remedy) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = f"the file is not whole JSON: {error}" if data else "the file is empty"
        raise ArtifactError(problem, at=at, remedy=remedy) from error


def _metadata(
    metadata: _Metadata | None, content: object, at: str, what: str, versions: Iterable[int]
) -> _Metadata:
    """Return the metadata of an artifact that is of the kind and of a version that we read."""
    match = _VERSION.search((metadata and metadata.dbt_schema_version) or "")
    if metadata is None or match is None or match[1] != what or content is None:
        found = "it names no dbt schema"
        if match:
            found = f"it is a {match[1]}" if match[1] != what else "it has no content"
        raise ArtifactError(
            f"this is no {what} that dbt wrote: {found}",
            at=at,
            remedy=f"give the {what.replace('-', '_')}.json of dbt's target folder",
        )
    known = sorted(versions)
    if int(match[2]) not in known:
        raise ArtifactError(
            f"{what} schema v{match[2]} is not one that we read ({_spelled(known)})",
            at=at,
            remedy="upgrade dbt-schema-evolve, or write the artifact with dbt-core 1.10 to 1.12",
        )
    return metadata


def _spelled(versions: Sequence[int]) -> str:
    """Return `v4 to v12 and v20`."""
    ends = [v for v in versions if not {v - 1, v + 1} <= set(versions)]
    spans = []
    while ends:
        first = ends.pop(0)
        last = ends.pop(0) if first + 1 in versions else first
        spans.append(f"v{first} to v{last}" if last > first else f"v{first}")
    return " and ".join(spans)


def _git_commit(env: Any) -> str:
    values = [str(env.get(name, "")) for name in _COMMITS] if isinstance(env, dict) else []
    return next((value.lower() for value in values if _SHA.match(value)), "")


def _type(unique_id: str, raw: _Node) -> str:
    return raw.resource_type or unique_id.partition(".")[0]


def _node(unique_id: str, raw: _Node) -> Node:
    config = raw.config or {}
    kind = _type(unique_id, raw)
    materialized = config.get("materialized") or (kind if kind in {"seed", "snapshot"} else "")
    if kind in {"test", "source"}:
        materialized = ""
    name = raw.name or unique_id.rpartition(".")[2]
    return Node(
        unique_id=unique_id,
        resource_type=kind,
        name=name,
        package=raw.package_name or "",
        relation=_relation(raw, kind, str(materialized), name),
        materialized=str(materialized),
        path=raw.original_file_path or raw.path or "",
        patch_path=_patch_path(raw.patch_path),
        depends_on=tuple(sorted((raw.depends_on and raw.depends_on.nodes) or ())),
        raw_code=raw.raw_code or raw.raw_sql or "",
        compiled_code=raw.compiled_code or raw.compiled_sql,
        language=raw.language or "sql",
        declared_columns=tuple(
            str((isinstance(column, dict) and column.get("name")) or key)
            for key, column in (raw.columns or {}).items()
        ),
        config=config,
        unrendered_config=raw.unrendered_config or {},
        description=raw.description or "",
        fqn=tuple(raw.fqn or ()),
        tags=_tags(raw.tags, config.get("tags")),
    )


def _tags(*places: Any) -> tuple[str, ...]:
    """Return the tags of the node and of its config: dbt 2 leaves either out."""
    lists = [[tags] if isinstance(tags, str) else tags for tags in places]
    return tuple(sorted({str(tag) for tags in lists if isinstance(tags, list) for tag in tags}))


def _relation(raw: _Node, kind: str, materialized: str, name: str) -> RelationName | None:
    # `relation_name` is quoted text; its parts stand next to it, unquoted.
    if kind == "test" or materialized == "ephemeral" or raw.schema is None:
        return None
    return RelationName(raw.schema, raw.identifier or raw.alias or name)


def _patch_path(path: str | None) -> str | None:
    """Return `models/marts.yml` from `package://models/marts.yml`, with `/` on every system."""
    return path.rpartition("://")[2].replace("\\", "/") if path else None


def _exposure(unique_id: str, raw: _Exposure) -> Exposure:
    owner = raw.owner or _Owner()
    return Exposure(
        unique_id=unique_id,
        name=raw.name or unique_id.rpartition(".")[2],
        type=raw.type or "",
        owner=_first(owner.name) or _first(owner.email),
        depends_on=tuple(sorted((raw.depends_on and raw.depends_on.nodes) or ())),
        label=raw.label or "",
        url=raw.url or "",
        package=raw.package_name or "",
        path=raw.original_file_path or raw.path or "",
        fqn=tuple(raw.fqn or ()),
        tags=_tags(raw.tags, (raw.config or {}).get("tags")),
    )


def _first(value: str | list[str] | None) -> str:
    return (value[0] if value else "") if isinstance(value, list) else value or ""


def _started_at(timing: Iterable[_Timing]) -> str | None:
    return next((step.started_at for step in timing if step.name == "execute"), None)


def _columns(table: _CatalogTable) -> tuple[tuple[str, str], ...]:
    columns = [
        (column.index or 0, column.name or key, column.type or "")
        for key, column in (table.columns or {}).items()
    ]
    return tuple((name, kind) for _, name, kind in sorted(columns, key=lambda found: found[0]))
