"""The source system: TPC-H orders that arrive day by day, as an EL tool would copy them."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from dbt_schema_evolve.backends.demo.tpch_tables import (
    CREATE,
    FACTS,
    FIRST_ORDER,
    LAST_ORDER,
    REFERENCES,
)
from dbt_schema_evolve.errors import EvolveError, WarehouseError

SCHEMA = "tpch_raw"


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """How many rows a load brought; zero where the batches were there already."""

    orders: int
    lineitems: int


class TpchSource:
    """TPC-H at one scale factor, kept as files in a folder and loaded from there.

    The files are the same for every run of a scale; a folder that has them is used as it is.
    """

    def __init__(self, folder: Path, scale: float) -> None:
        self.scale = scale
        self.files = folder / f"tpch-{scale:g}"

    def generate(self) -> None:
        """Make the files; raises EvolveError where tpchgen-cli is missing or fails."""
        if not self.scale > 0:
            raise EvolveError(
                f"the scale must be above 0, not {self.scale:g}",
                remedy="1 is 620 orders a day, 0.1 is 62",
            )
        if self.files.is_dir():
            return
        binary = _generator()
        self.files.parent.mkdir(parents=True, exist_ok=True)
        # Made under another name, so that a killed run leaves nothing that looks complete.
        with tempfile.TemporaryDirectory(dir=self.files.parent, prefix="tpch-") as unfinished:
            made = Path(unfinished) / "files"
            command = [binary, "parquet", "--scale-factor", f"{self.scale:g}",
                       "--output-dir", str(made), "--quiet"]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise EvolveError(
                    f"tpchgen-cli failed: {done.stderr.strip()[-300:]}",
                    at=str(self.files),
                    remedy="check the free disk space: scale 1 needs 400 MB",
                )
            if not self.files.is_dir():
                made.rename(self.files)

    def create(self, connection: psycopg.Connection[Any]) -> None:
        """Create the empty source tables; those that exist stay."""
        with connection.transaction():
            connection.execute(CREATE)

    def load_reference(self, connection: psycopg.Connection[Any]) -> None:
        """Load what does not grow: parties, parts and places; tables that have rows stay."""
        with self._engine() as engine, connection.transaction():
            for table, query in REFERENCES.items():
                filled = connection.execute(f"select exists (select from {SCHEMA}.{table})")
                if filled.fetchone() == (False,):
                    rows = query.format(files=_path(self.files))
                    _copy(engine, rows, connection, table)
        _analyze(connection, REFERENCES)

    def load_through(
        self, connection: psycopg.Connection[Any], first: date, last: date
    ) -> LoadedBatch:
        """Load each day's orders and their lines, first to last, one transaction a day.

        A day that was loaded before is left alone, whoever loaded it and whatever was killed since.
        """
        orders = lineitems = 0
        with self._engine() as engine:
            for day in days(first, last):
                with connection.transaction():
                    if not _claim(connection, day):
                        continue
                    counts = [
                        _copy(engine, self._batch(engine, table, day), connection, table)
                        for table in FACTS
                    ]
                    connection.execute(
                        f"update {SCHEMA}.load_batches set orders = %s, lineitems = %s"
                        " where batch = %s",
                        (*counts, day),
                    )
                orders, lineitems = orders + counts[0], lineitems + counts[1]
        loaded = LoadedBatch(orders, lineitems)
        if _is_much(connection, loaded):
            _analyze(connection, FACTS)
        return loaded

    def _batch(self, engine: duckdb.DuckDBPyConnection, table: str, day: date) -> str:
        """Return the query for one day's rows of a fact."""
        month = self._month(engine, table, day)
        return f"select * from read_parquet('{_path(month)}') where batch = date '{day}'"

    def _month(self, engine: duckdb.DuckDBPyConnection, table: str, day: date) -> Path:
        """Cut one month out of a fact; lines know their order's date only through the order."""
        path = self.files / "months" / f"{table}-{day:%Y-%m}.parquet"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            begin = day.replace(day=1)
            end = (begin + timedelta(days=31)).replace(day=1)
            query = FACTS[table].format(files=_path(self.files), begin=begin, end=end)
            unfinished = path.with_suffix(f".{os.getpid()}")
            engine.execute(f"copy ({query}) to '{_path(unfinished)}' (format parquet)")
            unfinished.replace(path)
        return path

    @contextlib.contextmanager
    def _engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with duckdb.connect() as engine:
                yield engine
        except duckdb.Error as error:
            raise WarehouseError(
                f"cannot read the source files: {str(error).splitlines()[0]}",
                at=str(self.files),
                remedy="delete the folder and run again; the files are generated in seconds",
            ) from error


def _generator() -> str:
    beside = Path(sys.executable).with_name("tpchgen-cli")
    found = str(beside) if beside.exists() else shutil.which("tpchgen-cli")
    if found is None:
        raise EvolveError(
            "tpchgen-cli is not installed; it makes the demo's data",
            remedy="pip install 'dbt-schema-evolve[demo]'",
        )
    return found


def days(first: date, last: date) -> tuple[date, ...]:
    """Return each day from first to last; raises EvolveError where TPC-H has no orders."""
    if first < FIRST_ORDER or last > LAST_ORDER:
        raise EvolveError(
            f"TPC-H has orders from {FIRST_ORDER} to {LAST_ORDER} only",
            at=f"{first} to {last}",
            remedy="choose fewer days",
        )
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def _claim(connection: psycopg.Connection[Any], day: date) -> bool:
    """Take a batch for this transaction; false where it is in, or another load brings it in."""
    taken = connection.execute(
        f"insert into {SCHEMA}.load_batches (batch) values (%s) on conflict do nothing", (day,)
    )
    return taken.rowcount == 1


def _is_much(connection: psycopg.Connection[Any], loaded: LoadedBatch) -> bool:
    """Whether autovacuum would analyze after this load: from a tenth of the table on."""
    row = connection.execute(f"select coalesce(sum(orders), 0) from {SCHEMA}.load_batches")
    (total,) = row.fetchone() or (0,)
    return loaded.orders > 0 and loaded.orders * 10 >= total


def _copy(
    engine: duckdb.DuckDBPyConnection, rows: str, connection: psycopg.Connection[Any], table: str
) -> int:
    """Copy the rows of a query on the files into a source table; return how many."""
    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor:
        path = Path(folder) / f"{table}.csv"
        engine.execute(f"copy ({rows}) to '{_path(path)}' (format csv, header false)")
        with (
            cursor.copy(f"copy {SCHEMA}.{table} from stdin (format csv)") as target,
            path.open("rb") as lines,
        ):
            while block := lines.read(1 << 20):
                target.write(block)
        return cursor.rowcount


def _analyze(connection: psycopg.Connection[Any], tables: Iterable[str]) -> None:
    for table in tables:
        connection.execute(f"analyze {SCHEMA}.{table}")


def _path(path: Path) -> str:
    return str(path).replace("'", "''")
