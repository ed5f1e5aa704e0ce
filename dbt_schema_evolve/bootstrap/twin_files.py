"""What the verbs of twin files need of the world: a catalog put into a file, a twin made of it."""

import tempfile
import time
from pathlib import Path

from dbt_schema_evolve import __version__
from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.files import disk_bytes
from dbt_schema_evolve.backends.twin_file import encode, read_twin_file, redacted, write_twin_file
from dbt_schema_evolve.bootstrap.app import App
from dbt_schema_evolve.records.twin_file import FiledCatalog, TwinReport


def dump_twin_file(app: App, path: Path | None, *, redact: bool) -> tuple[FiledCatalog, str]:
    """Put the warehouse's schema and statistics into a file; without a path, into a text."""
    with app.warehouse() as warehouse:
        catalog = warehouse.catalog()
        lost: tuple[str, ...] = ()
        if redact:
            catalog, lost = redacted(catalog, warehouse.ordered)
        tool = f"dbt-schema-evolve {__version__}"
        filed = FiledCatalog(catalog, warehouse.search_path(), clock.now(), tool, lost)
    if path is None:
        return filed, encode(filed).decode()
    write_twin_file(filed, path)
    return filed, ""


def try_twin_file(path: Path) -> TwinReport:
    """Build a twin from a file, look at it, and let it go."""
    filed = read_twin_file(path)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="schema-evolve-") as folder,
        PlannerTwin(Path(folder) / "twin", filed.catalog, search_path=filed.search_path) as twin,
    ):
        return TwinReport(
            tool=filed.tool,
            captured_at=filed.captured_at,
            server_version=filed.catalog.server_version,
            lost=filed.lost,
            standing=twin.standing,
            skips=twin.skips,
            disk_bytes=disk_bytes(Path(folder)),
            seconds=time.monotonic() - began,
        )
