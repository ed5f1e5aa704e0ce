"""One piece of our own lineage work in a process of its own, timed: what `lineage.py` runs.

`python -m benchmarks.lineage_work PIECE MANIFEST CATALOG` prints one JSON object.
"""

import json
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from dbt_schema_evolve.backends.lineage_cache import read_cache, write_cache
from dbt_schema_evolve.backends.lineage_workers import in_processes
from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.memory import Memory, one_by_one
from dbt_schema_evolve.lineage.questions.impact import impact
from dbt_schema_evolve.lineage.questions.traverse import Traversal
from dbt_schema_evolve.records.answers import Watch
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.project import Project
from dbt_schema_evolve.records.relations import Column, RelationName

_QUESTIONS = 2_000
_SAMPLES = 0.1  # seconds between two looks at the memory that is in use

Figures = dict[str, Any]
Columns = dict[RelationName, tuple[Column, ...]]


def cold_one_core(project: Project, columns: Columns) -> Figures:
    """Everything in this process, from the compiled SQL on."""
    with _clock() as spent:
        graph = _graph(project, columns, Memory(share_out=one_by_one))
    return _counts(project, graph) | spent()


def cold(project: Project, columns: Columns) -> Figures:
    """As the command line does it: every core where that pays."""
    with _memory_watched() as peak, _clock() as spent:
        graph = _graph(project, columns, Memory(share_out=in_processes))
    return _counts(project, graph) | spent() | {"peak_rss_bytes": peak()}


def warm(project: Project, columns: Columns) -> Figures:
    """Once more with nothing changed; then with one model that has a new column."""
    memory = Memory(share_out=in_processes)
    _graph(project, columns, memory)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        write_cache(cache, memory.kept)
        del memory
        with _clock() as unchanged, collection_paused():
            again = Memory(read_cache(cache), in_processes)
            _graph(project, columns, again)
        changed_project = _one_changed(project)
        with _clock() as changed, collection_paused():
            once_more = Memory(read_cache(cache), in_processes)
            _graph(changed_project, columns, once_more)
            write_cache(cache, once_more.kept)
        size = cache.stat().st_size
    return {
        "unchanged": unchanged() | {"read_again": again.news},
        "one_changed": changed() | {"read_again": once_more.news},
        "cache_bytes": size,
    }


def questions(project: Project, columns: Columns) -> Figures:
    """`impact` of columns all over the graph, asked of an index that is made once."""
    graph = _graph(project, columns, Memory(share_out=in_processes))
    now = datetime.now(UTC)
    watch = Watch(now - timedelta(days=30), now)
    with _clock() as indexing, collection_paused():
        traversal = Traversal(graph)
        asked = sorted({(edge.source, edge.source_column) for edge in graph.column_edges})
        impact(traversal, asked[0], watch)
    spent = []
    for vertex in asked[:: max(1, len(asked) // _QUESTIONS)]:
        began = time.perf_counter()
        impact(traversal, vertex, watch)
        spent.append(time.perf_counter() - began)
    return {
        "index_seconds": indexing()["wall_seconds"],
        "impact_ms": {
            "asked": len(spent),
            "median": 1_000 * median(spent),
            "worst": 1_000 * max(spent),
        },
    }


def edges(project: Project, columns: Columns) -> Figures:
    """The edges themselves, to be compared with another tool's; nodes go by their relation."""
    graph = _graph(project, columns, Memory(share_out=one_by_one))
    named = {node.id: str(node.relation or node.id) for node in graph.nodes}
    return {
        "named": named,
        "direct": [
            [named[edge.source], edge.source_column, named[edge.target], edge.target_column]
            for edge in graph.column_edges
        ],
        "indirect": [
            [named[edge.source], edge.source_column, named[edge.target]]
            for edge in graph.indirect_edges
        ],
    }


def _graph(project: Project, columns: Columns, memory: Memory) -> LineageGraph:
    with collection_paused():
        return build_graph(project, project_schema(project, columns), resolve=memory)


def _one_changed(project: Project) -> Project:
    at, node = next(
        (at, node) for at, node in enumerate(project.nodes) if node.materialized == "table"
    )
    sql = f"select q.*, 1 as one from ({node.compiled_code}) as q"
    changed = replace(node, compiled_code=sql)
    return replace(project, nodes=(*project.nodes[:at], changed, *project.nodes[at + 1 :]))


def _counts(project: Project, graph: LineageGraph) -> Figures:
    return {
        "models": len(project.models),
        "edges": len(graph.column_edges),
        "indirect_edges": len(graph.indirect_edges),
        "skips": len(graph.skips),
    }


@contextmanager
def _clock() -> Iterator[Callable[[], Figures]]:
    """Time a block: wall clock, and CPU of this process and of those that it started."""
    wall, cpu = time.perf_counter(), _cpu()
    found: Figures = {}
    yield lambda: found
    found |= {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": _cpu() - cpu}


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@contextmanager
def _memory_watched() -> Iterator[Callable[[], int]]:
    """Watch what this process and its children hold together; say the most."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(_SAMPLES):
            alive = [os.getpid(), *(each.pid for each in multiprocessing.active_children())]
            most = max(most, sum(_resident_bytes(pid) for pid in alive if pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: max(most, _resident_bytes(os.getpid()))
    finally:
        done.set()
        thread.join()


def _resident_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:  # it has just ended
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


PIECES = {
    "cold_one_core": cold_one_core,
    "cold": cold,
    "warm": warm,
    "questions": questions,
    "edges": edges,
}


def main(piece: str, manifest: str, catalog: str) -> None:
    """Read the artifacts, untimed; do the piece; print its figures."""
    with collection_paused():
        project = read_manifest(Path(manifest).read_bytes(), manifest)
        columns = {
            table.relation: tuple(Column(name, kind) for name, kind in table.columns)
            for table in read_catalog(Path(catalog).read_bytes(), catalog)
        }
    print(json.dumps(PIECES[piece](project, columns)))


if __name__ == "__main__":
    main(*sys.argv[1:])
