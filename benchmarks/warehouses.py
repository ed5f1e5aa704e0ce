"""Loaded warehouses that benchmarks share: filled once below `.bench/`, then only started."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import tpc
from dbt_schema_evolve.backends.cluster import Cluster

KEPT = Path(__file__).parents[1] / ".bench" / "warehouses"

# Debian's `postgresql-15-hypopg`; the embedded server is 18 and has no HypoPG.
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

_SETTINGS = {"shared_buffers": "1GB", "autovacuum": "off", "maintenance_work_mem": "256MB"}


@contextmanager
def warehouse(
    workload: str,
    scale: float,
    binaries: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Run a server whose database `<workload>` holds it at a scale; its files are kept.

    `binaries` as in Cluster: None is the embedded Postgres.
    """
    server = "debian15" if binaries == DEBIAN_15 else "embedded"
    folder = KEPT / f"{workload}-{scale:g}-{server}"
    cluster = Cluster(folder, {**_SETTINGS, **(settings or {})}, binaries)
    if not (folder / "loaded").exists():
        print(f"loading {workload} at scale {scale:g}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        cluster.start()
        cluster.create_database(workload)
        with cluster.connect(workload) as connection:
            tpc.load(connection, workload, scale)
        (folder / "loaded").touch()
    else:
        cluster.resume()
    try:
        yield cluster
    finally:
        cluster.stop()
