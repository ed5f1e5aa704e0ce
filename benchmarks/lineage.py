"""How fast lineage is, beside its peers: `python -m benchmarks.lineage [--quick]`.

The work is the real artifacts, as they are and replicated 5 and 20 times under other names; all
tools read the same compiled SQL and the same catalog. Reading the artifacts is not timed. Peers run
in environments of their own. Prints one JSON object; progress goes to stderr.

`models_per_s` and the ratio to sqlglot are of one core's CPU seconds, garbage collection off for
both. The ratio to dbt-colibri is of wall clock, and every tool may use every core.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import peers
from benchmarks.artifact_set import written

ROUNDS = 5
SLOW_PEER_MODELS = "60"  # sqllineage needs a tenth of a second for each

Figures = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one round, and the set at most 5 times"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lineage-benchmark-") as folder:
        figures = measure(Path(folder), quick=arguments.quick)
    json.dump(figures, sys.stdout, indent=2)
    print()


def measure(folder: Path, *, quick: bool) -> Figures:
    """Return all figures; tools that are compared take turns."""
    rounds = 1 if quick else ROUNDS
    once = _artifacts(1, folder)
    _say("the artifacts as they are: ours, sqlglot")
    ours, theirs = _in_turn(
        rounds,
        lambda: _ours("cold_one_core", once),
        lambda: peers.run("sqlglot", *once),
    )
    _say("sqllineage")
    slow = peers.run("sqllineage", *once, SLOW_PEER_MODELS)
    five = _artifacts(5, folder)
    _say("5 times: ours, dbt-colibri")
    ours_5, colibri = _in_turn(
        1 if quick else 3,
        lambda: _ours("cold", five),
        lambda: peers.run("colibri", *(once if quick else five)),
    )
    colibri_once = peers.run("colibri", *once)
    models = ours[0]["models"]
    cpu = median(each["cpu_seconds"] for each in ours)
    sqlglot_cpu = median(each["seconds"] for each in theirs)
    figures: Figures = {
        "models": models,
        "edges": ours[0]["edges"],
        "indirect_edges": ours[0]["indirect_edges"],
        "models_per_s": round(models / cpu),
        "peer_models_per_s": {
            "sqlglot": round(models / sqlglot_cpu),
            "dbt-colibri": round(colibri_once["models"] / colibri_once["seconds"]),
            "sqllineage": round(slow["models"] / slow["seconds"]),
        },
        "peer_edges": {
            "sqlglot": theirs[0]["edges"],
            "dbt-colibri": colibri_once["edges"],
            "sqllineage": None,  # only some of the models
        },
        "colibri_edges_not_ours": _not_ours(colibri_once["edge_list"], _ours("edges", once)),
        "ratio_sqlglot": round(sqlglot_cpu / cpu, 2),
        "ratio_colibri": round(_wall_rate(ours_5) / _wall_rate(colibri), 2),
        "x1_seconds": round(median(each["wall_seconds"] for each in ours), 2),
        "x5_seconds": round(median(each["wall_seconds"] for each in ours_5), 2),
    }
    return figures if quick else figures | _at_twenty(folder, cpu)


def _at_twenty(folder: Path, cpu_once: float) -> Figures:
    twenty = _artifacts(20, folder)
    _say("20 times: cold on one core")
    one_core = _ours("cold_one_core", twenty)
    _say("20 times: cold on all cores")
    cold = _ours("cold", twenty)
    _say("20 times: warm, and questions")
    warm = [_ours("warm", twenty) for _ in range(3)]
    asked = _ours("questions", twenty)
    return {
        "x20_models": cold["models"],
        "x20_seconds": round(cold["wall_seconds"], 2),
        "x20_growth": round(one_core["cpu_seconds"] / (20 * cpu_once), 2),
        "warm_one_changed_s": round(
            median(each["one_changed"]["wall_seconds"] for each in warm), 2
        ),
        "warm_unchanged_s": round(median(each["unchanged"]["wall_seconds"] for each in warm), 2),
        "warm_read_again": [
            warm[0]["unchanged"]["read_again"],
            warm[0]["one_changed"]["read_again"],
        ],
        "cache_bytes": warm[0]["cache_bytes"],
        "peak_rss_bytes": cold["peak_rss_bytes"],
        "index_seconds": round(asked["index_seconds"], 2),
        "impact_ms": {key: round(value, 3) for key, value in asked["impact_ms"].items()},
    }


def _not_ours(theirs: list[list[str]], ours: Figures) -> int:
    """Count a peer's edges that are neither direct nor indirect ones of ours.

    A seed that fills a source's table is that table: tools differ in which of both they name.
    """
    named = ours["named"]
    direct = set(map(tuple, ours["direct"]))
    indirect = set(map(tuple, ours["indirect"]))
    found = {
        (named.get(source, source), column, named.get(target, target), target_column)
        for source, column, target, target_column in theirs
        if target_column
    }
    return sum(edge not in direct and edge[:3] not in indirect for edge in found)


def _in_turn(
    rounds: int, one: Callable[[], Figures], other: Callable[[], Figures]
) -> tuple[list[Figures], list[Figures]]:
    pairs = [(one(), other()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _wall_rate(runs: list[Figures]) -> float:
    return median(each["models"] / each["wall_seconds"] for each in runs)


def _artifacts(copies: int, folder: Path) -> tuple[str, str]:
    own = folder / f"x{copies}"
    own.mkdir()
    manifest, catalog = written(copies, own)
    return str(manifest), str(catalog)


def _ours(piece: str, artifacts: tuple[str, str]) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lineage_work", piece, *artifacts],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    printed: Figures = json.loads(done.stdout)
    return printed


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
