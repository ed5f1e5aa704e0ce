"""The fleet's facts as Parquet: a folder a project while it runs, one file a kind to keep."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from benchmarks.fleet.draw import Spec
from benchmarks.fleet.live import Lived, truth
from dbt_schema_evolve.backends.twin_file import write_twin_file

Row = Mapping[str, Any]

KEPT = Path(__file__).parent / "data"
"""The whole fleet, packed."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "projects": {"project": "varchar", "days": "smallint", "truth": "varchar"},
    "runs": {
        "project": "varchar",
        "subject": "varchar",
        "day": "smallint",
        "calls": "integer",
        "best_us": "integer",
        "mean_us": "integer",
        "blocks": "integer",
        "temp_blocks": "integer",
        "rows": "bigint",
        "result_rows": "integer",
        "plan_id": "varchar",
        "estimated_cost": "float",
    },
    "relations": {
        "project": "varchar",
        "schema": "varchar",
        "name": "varchar",
        "day": "smallint",
        "rows": "bigint",
        "table_bytes": "bigint",
        "index_bytes": "bigint",
        "inserted": "bigint",
        "updated": "bigint",
        "deleted": "bigint",
        "dead": "bigint",
        "sequential_scans": "bigint",
        "index_scans": "bigint",
        "analyzed_day": "smallint",
    },
    "columns": {
        "project": "varchar",
        "schema": "varchar",
        "name": "varchar",
        "column": "varchar",
        "day": "smallint",
        "null_ratio": "float",
        "distinct": "float",
        "width": "smallint",
        "correlation": "float",
        "top": "float",
    },
}
"""Files by name, with the types of their columns; the leading ones are what rows are sorted by."""


def write_project(folder: Path, name: str, spec: Spec, lived: Lived, days: int) -> None:
    """Write one project whole or not at all."""
    facts: Mapping[str, Iterable[Row]] = {
        "projects": [{"days": days, "truth": json.dumps(truth(spec), sort_keys=True)}],
        "runs": lived.runs,
        "relations": lived.relations,
        "columns": lived.columns,
    }
    unfinished = folder / f".{name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for kind, rows in facts.items():
        write_rows(
            unfinished / f"{kind}.parquet", KINDS[kind], ({"project": name} | r for r in rows)
        )
    for day, filed in lived.catalogs.items():
        write_twin_file(filed, unfinished / f"catalog-{day:02d}.json.gz")
    unfinished.rename(folder / name)


def write_rows(path: Path, types: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as one Parquet file, sorted, so that it packs well and is always the same."""
    with TemporaryDirectory() as scratch:
        lines = Path(scratch) / "rows.ndjson"
        with lines.open("w") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        _copy(f"read_json('{lines}', format = 'nd', columns = {dict(types)})", types, path)


def pack(folder: Path, to: Path, kinds: Mapping[str, Mapping[str, str]]) -> None:
    """Put the projects of a folder together: one file a kind, as far as there are any."""
    to.mkdir(parents=True, exist_ok=True)
    for kind, types in kinds.items():
        if any(folder.glob(f"*/{kind}.parquet")):
            _copy(f"read_parquet('{folder}/*/{kind}.parquet')", types, to / f"{kind}.parquet")


def read_rows(folder: Path, kind: str, project: str) -> Iterator[dict[str, Any]]:
    """Yield one project's rows of a kind, from a folder a project or from packed files."""
    own, packed = folder / project / f"{kind}.parquet", folder / f"{kind}.parquet"
    path = own if own.exists() else packed
    if not path.exists():
        return
    with duckdb.connect() as db:
        found = db.execute("select * from read_parquet(?) where project = ?", [str(path), project])
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(10_000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def project_names(folder: Path) -> tuple[str, ...]:
    """Return the projects that are there, in order."""
    names = {path.parent.name for path in folder.glob("*/projects.parquet")}
    packed = folder / "projects.parquet"
    if packed.exists():
        with duckdb.connect() as db:
            names |= {
                row[0]
                for row in db.execute(
                    "select project from read_parquet(?)", [str(packed)]
                ).fetchall()
            }
    return tuple(sorted(names))


def _copy(source: str, types: Mapping[str, str], path: Path) -> None:
    columns = ", ".join(f'"{name}"::{kind} as "{name}"' for name, kind in types.items())
    order = ", ".join(f'"{name}"' for name in list(types)[:5])
    with duckdb.connect() as db:
        db.execute(
            f"copy (select {columns} from {source} order by {order}) to '{path}'"
            " (format parquet, compression zstd, compression_level 19)"
        )
