"""The shadow target: the project built twice beside production, as it is and patched."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from ruamel.yaml import YAML

from dbt_schema_evolve.backends.dbt_project import DbtProject, Target
from dbt_schema_evolve.backends.dbt_runner import DbtRunner, project_arguments
from dbt_schema_evolve.backends.postgres import measure, shadow_schemas
from dbt_schema_evolve.backends.postgres.connect import connect
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.errors import BusyError, ProjectError, WarehouseError
from dbt_schema_evolve.ingest.artifacts import read_manifest, read_run_results
from dbt_schema_evolve.ports import Side
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

_LOCK = 0x5E7A_5AD0  # any number, the same in every process
_NOT_COPIED = ("target", "logs", ".git", ".venv", "venv", ".schema_evolve", "node_modules")


class ShadowTarget:
    """Two schemas next to production, made by dbt itself; `with` drops them.

    dbt runs with profiles of our own that name the user's target with another schema, and with
    the target path in our folder, so that nothing is written into the project.
    """

    def __init__(
        self,
        project: DbtProject,
        target: Target,
        dbt: DbtRunner,
        folder: Path,
    ) -> None:
        self._project, self._target = project, target
        self._dbt, self._folder = dbt, folder
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._schemas: dict[Side, frozenset[str]] = {}

    def __enter__(self) -> Self:
        self._connection = connect(self._target)
        row = self._connection.execute(
            "select /* schema_evolve */ pg_try_advisory_lock(%s)", (_LOCK,)
        ).fetchone()
        if row != (True,):
            self._connection.close()
            raise BusyError(
                "another validation is using the shadow target of this database",
                at=f"target {self._target.name}",
                remedy="wait until it has ended",
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(psycopg.Error):
            for schemas in self._schemas.values():
                shadow_schemas.drop_schemas(self.connection, sorted(schemas))
        self.connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def connection(self) -> psycopg.Connection[tuple[object, ...]]:
        """The connection on which everything is measured."""
        if self._connection is None:
            raise RuntimeError("the shadow target has not been entered")
        return self._connection

    def prepare(self, side: Side, files: Mapping[str, bytes]) -> Mapping[str, RelationName]:
        """Make a fresh side with these files changed; return its relations by unique id.

        Raises ProjectError where a relation would be built outside the shadow's schemas.
        """
        project_dir = self._copy(side, files)
        self._write_profile(side)
        self._run(side, project_dir, "parse")
        manifest = self._target_path(side) / "manifest.json"
        shadow = read_manifest(manifest.read_bytes(), str(manifest))
        relations = {
            node.unique_id: node.relation for node in shadow.nodes if node.relation is not None
        }
        self._make_schemas(side, relations)
        return relations

    def build(self, side: Side) -> Mapping[str, int]:
        """Run `dbt build` on one side; return microseconds by unique id."""
        tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
        self._run(side, self._project_dir(side), "build", *tests)
        path = self._target_path(side) / "run_results.json"
        return {
            run.unique_id: run.execution_us
            for run in read_run_results(path.read_bytes(), str(path)).runs
        }

    def settle(self) -> None:
        """Vacuum and analyze everything that stores rows on both sides."""
        with self._clear("vacuum the shadow target"):
            shadow_schemas.settle(
                self.connection, sorted(frozenset().union(*self._schemas.values()))
            )

    def digest(self, query: str) -> str:
        """Return the multiset fingerprint of a query's rows."""
        with self._clear("compare results"):
            return measure.digest(self.connection, query)

    def relation_digest(self, relation: RelationName, columns: Sequence[str]) -> str:
        """Return the multiset fingerprint of some columns of a relation."""
        with self._clear(f"read {relation}"):
            return measure.relation_digest(self.connection, relation, columns)

    def columns(self, relation: RelationName) -> tuple[str, ...]:
        """Return a relation's columns in order."""
        return shadow_schemas.columns_of(self.connection, relation)

    def paired_times(
        self, baseline: str, patched: str, seconds: float
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Time two forms of a query in interleaved pairs, in microseconds."""
        with self._clear("time a query"):
            return measure.paired_times(self.connection, baseline, patched, seconds)

    def plan(self, query: str) -> tuple[PlanNode, ...]:
        """Return the plan of a query, each index that it scans known by structure."""
        found = explain(self.connection, query)
        return found.nodes if isinstance(found, Estimate) else ()

    def sizes(self, side: Side) -> Mapping[RelationName, int]:
        """Return the bytes of each relation that stores rows, its indexes included."""
        return shadow_schemas.relation_bytes(self.connection, sorted(self._schemas[side]))

    @contextlib.contextmanager
    def _clear(self, what: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            first = str(error).strip().splitlines()[0]
            raise WarehouseError(
                f"cannot {what}: {first}",
                at="shadow target",
                remedy="run the query by hand on the shadow schema",
            ) from error

    def _copy(self, side: Side, files: Mapping[str, bytes]) -> Path:
        project_dir = self._project_dir(side)
        shutil.rmtree(project_dir, ignore_errors=True)
        target_name = self._project.target_path.name
        shutil.copytree(
            self._project.folder,
            project_dir,
            symlinks=True,
            ignore=shutil.ignore_patterns(*_NOT_COPIED, target_name),
        )
        for path, content in files.items():
            changed = project_dir / path
            changed.parent.mkdir(parents=True, exist_ok=True)
            changed.write_bytes(content)
        return project_dir

    def _write_profile(self, side: Side) -> None:
        output = {**self._target.raw, "schema": self._schema(side)}
        folder = self._profiles_dir(side)
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            self._target.profile: {
                "target": self._target.name,
                "outputs": {self._target.name: output},
            }
        }
        path = folder / "profiles.yml"
        path.touch(mode=0o600)
        with path.open("w") as file:
            YAML(typ="safe").dump(content, file)

    def _make_schemas(self, side: Side, relations: Mapping[str, RelationName]) -> None:
        prefix = self._schema(side)
        strangers = sorted({str(r) for r in relations.values() if not r.schema.startswith(prefix)})
        if strangers:
            raise ProjectError(
                f"the project would build {strangers[0]} outside the shadow schema {prefix!r}"
                + (f", and {len(strangers) - 1} more" if len(strangers) > 1 else ""),
                at=str(self._project.folder),
                remedy="make `generate_schema_name` begin with target.schema, as dbt's own does",
            )
        schemas = frozenset(relation.schema for relation in relations.values())
        for schema in sorted(schemas):
            shadow_schemas.make_schema(self.connection, schema)
        self._schemas[side] = schemas

    def _run(self, side: Side, project_dir: Path, command: str, *arguments: str) -> None:
        self._dbt.run(
            command,
            *arguments,
            *project_arguments(
                project_dir, self._profiles_dir(side), self._target.name, self._target_path(side)
            ),
            "--profile",
            self._target.profile,
            env={"SCHEMA_EVOLVE_CAPTURE": "off"},
        )

    def _schema(self, side: Side) -> str:
        return f"{self._target.schema}__{side.value}"

    def _project_dir(self, side: Side) -> Path:
        return self._folder / side.value / self._project.folder.name

    def _profiles_dir(self, side: Side) -> Path:
        return self._folder / side.value / "profiles"

    def _target_path(self, side: Side) -> Path:
        return self._folder / side.value / "target"
