"""Which embedded store for the lineage graph: load, question, and what a kill leaves behind.

    python -m benchmarks.graph_stores [--quick]

The graph is that of the artifact set, twenty times with renamed nodes, or once with `--quick`. Each
store is loaded, loaded again with the same, and asked for everything that one column reaches, each
time opened anew. Then a process that loads a changed graph is killed at five moments; what is there
afterwards has to be the old graph or the new one, whole. Needs `pip install ladybug==0.22.0`.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.artifact_set import artifact_set
from benchmarks.graph_files import Ladybug, PlainFile
from dbt_schema_evolve.backends.graph.difference import digest
from dbt_schema_evolve.backends.graph.embedded import EmbeddedGraph
from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.property_graph import column_key, property_graph
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.property_graph import EdgeLabel, PropertyGraph
from dbt_schema_evolve.records.relations import Column

STORES: dict[str, Callable[[Path], Any]] = {
    "duckdb": EmbeddedGraph,
    "plain_file": PlainFile,
    "ladybug": Ladybug,
}
KILLS = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the time that loading took


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    copies = 1 if parser.parse_args().quick else 20
    lineage = lineage_graph(copies)
    graph = property_graph(lineage, "p")
    sources = Counter((edge.source, edge.source_column) for edge in lineage.column_edges)
    start = column_key("p", *max(sources, key=lambda key: (sources[key], key)))
    figures: dict[str, Any] = {
        "copies": copies, "vertices": len(graph.vertices), "edges": len(graph.edges), "stores": {},
    }  # fmt: skip
    for name, store in STORES.items():
        with tempfile.TemporaryDirectory() as folder:
            figures["stores"][name] = measured(store, Path(folder) / "graph", graph, start)
    print(json.dumps(figures, indent=2))


def lineage_graph(copies: int) -> LineageGraph:
    """Resolve the artifact set once, and repeat its graph under other names."""
    manifest, catalog = artifact_set()
    project = read_manifest(json.dumps(manifest).encode(), "manifest.json")
    columns = {
        table.relation: tuple(Column(*column) for column in table.columns)
        for table in read_catalog(json.dumps(catalog).encode(), "catalog.json")
    }
    one = build_graph(project, project_schema(project, columns))
    numbers = range(copies)
    return LineageGraph(
        nodes=tuple(replace(node, id=f"{node.id}_{n}") for n in numbers for node in one.nodes),
        relation_edges=tuple(_moved(edge, n) for n in numbers for edge in one.relation_edges),
        column_edges=tuple(_moved(edge, n) for n in numbers for edge in one.column_edges),
        indirect_edges=tuple(_moved(edge, n) for n in numbers for edge in one.indirect_edges),
    )


def measured(
    store: Callable[[Path], Any], path: Path, graph: PropertyGraph, start: str
) -> dict[str, Any]:
    """Return the figures of one store."""
    load_s = _seconds(lambda: _load(store, path, graph))
    reload_s = _seconds(lambda: _load(store, path, graph))
    closures = [_seconds(lambda: _closure(store, path, start)) for _ in range(3)]
    survived = [_survives(store, path, graph, load_s * share) for share in KILLS]
    return {
        "load_s": round(load_s, 2),
        "reload_unchanged_s": round(reload_s, 2),
        "closure_ms": round(sorted(closures)[1] * 1_000, 1),
        "reached": len(_closure(store, path, start)),
        "survives_kill": all(survived),
        "bytes": path.stat().st_size,
        "notices_truncation": _notices_truncation(store, path, graph),
    }


def _moved(edge: Any, number: int) -> Any:
    return edge._replace(source=f"{edge.source}_{number}", target=f"{edge.target}_{number}")


def _load(store: Callable[[Path], Any], path: Path, graph: PropertyGraph) -> None:
    with store(path) as opened:
        opened.replace(graph)


def _closure(store: Callable[[Path], Any], path: Path, start: str) -> tuple[str, ...]:
    with store(path) as opened:
        found: tuple[str, ...] = opened.downstream(start, EdgeLabel.DERIVES)
        return found


def _survives(
    store: Callable[[Path], Any], path: Path, graph: PropertyGraph, seconds: float
) -> bool:
    """Kill a process that loads every vertex and edge changed; look at what it leaves behind."""
    changed = replace(
        graph,
        vertices=tuple(
            v._replace(properties={**v.properties, "kind": "new"}) for v in graph.vertices
        ),
        edges=tuple(e._replace(properties={**e.properties, "kind": "new"}) for e in graph.edges),
    )
    copy = path.with_name("killed")
    for file in path.parent.glob("killed*"):
        file.unlink()
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, copy.with_name(file.name.replace(path.name, copy.name, 1)))
    child = multiprocessing.get_context("fork").Process(target=_load, args=(store, copy, changed))
    child.start()
    child.join(seconds)
    assert child.pid is not None
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return _held(store, copy) in (_digests(graph), _digests(changed))


def _notices_truncation(store: Callable[[Path], Any], path: Path, graph: PropertyGraph) -> bool:
    """Cut the last third off; a store must not hand out a part as the whole."""
    os.truncate(path, path.stat().st_size * 2 // 3)
    try:
        return _held(store, path) == _digests(graph)
    except Exception:
        return True


def _held(store: Callable[[Path], Any], path: Path) -> tuple[set[str], set[str]]:
    with store(path) as opened:
        if isinstance(opened, Ladybug):
            return opened.digests()
        return _digests(opened.read("p"))


def _digests(graph: PropertyGraph) -> tuple[set[str], set[str]]:
    return {digest(each) for each in graph.vertices}, {digest(each) for each in graph.edges}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
