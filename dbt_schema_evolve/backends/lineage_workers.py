"""Shares statements out to processes of their own, one a core: parsing SQL is all computing."""

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

import msgspec

from dbt_schema_evolve.backends.lineage_cache import packed, unpacked
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.memory import Remembered, one_by_one
from dbt_schema_evolve.lineage.resolution import Filling
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.relations import Column, RelationName

# On two cores 1,026 statements took 0.94 s in processes and 1.05 s without; fewer lose
# (python -m benchmarks.lineage_work, `cold` against `cold_one_core`).
WORTH_IT = 1_000
_CHUNK = 64


class _Schema(msgspec.Struct, array_like=True):
    """A LineageSchema without the views' texts, which no node's lineage looks at."""

    columns: list[tuple[RelationName, tuple[Column, ...]]]
    views: list[RelationName]
    search_path: tuple[str, ...]
    owners: list[tuple[RelationName, str]]


_schema: LineageSchema  # a worker's own


def in_processes(fillings: Sequence[Filling], schema: LineageSchema) -> Iterable[Remembered]:
    """Work the statements out on every core, where there are enough of them."""
    if len(fillings) < WORTH_IT:
        return one_by_one(fillings, schema)
    told = msgspec.msgpack.encode(
        _Schema(
            list(schema.columns.items()),
            list(schema.views),
            schema.search_path,
            list(schema.owners.items()),
        )
    )
    chunks = [fillings[at : at + _CHUNK] for at in range(0, len(fillings), _CHUNK)]
    # Not by fork: a database's driver may have threads of its own in this process.
    with ProcessPoolExecutor(
        os.cpu_count(), multiprocessing.get_context("spawn"), _start, (told,)
    ) as pool:
        return list(chain.from_iterable(map(unpacked, pool.map(_work, chunks))))


def _start(told: bytes) -> None:
    global _schema  # noqa: PLW0603 - a process can be told only once, before its first job
    with collection_paused():
        found = msgspec.msgpack.decode(told, type=_Schema)
    views = dict.fromkeys(found.views, "")
    _schema = LineageSchema(dict(found.columns), views, found.search_path, dict(found.owners))


def _work(fillings: Sequence[Filling]) -> bytes:
    return packed(one_by_one(fillings, _schema))
