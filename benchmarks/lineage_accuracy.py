"""Whether lineage says what Postgres does: `python -m benchmarks.lineage_accuracy [--quick]`.

Every model of five real packages is put before an embedded Postgres, which is asked three things:
which table's column each plain column of the result is, which columns a view of the model depends
on, and which results change when the values of one column do. Prints one JSON object; progress
and every disagreement go to stderr.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg

from benchmarks import lineage_oracle
from benchmarks.lineage_claims import PASSED_ON, Artifacts, Claim, artifacts, claims
from benchmarks.lineage_oracle import Connection
from dbt_schema_evolve.backends.cluster import Cluster

ARTIFACTS = Path(__file__).parents[2] / "shared" / "data" / "artifacts"
_QUICK = 5  # every fifth model


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"one model in {_QUICK}")
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="a folder of folders")
    arguments = parser.parse_args()
    started = time.perf_counter()
    figures: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="lineage-accuracy-") as folder, Cluster(
        Path(folder) / "cluster"
    ) as cluster:
        for each in sorted(arguments.artifacts.iterdir()):
            print(f"{each.name}", file=sys.stderr)
            with cluster.connect() as connection:
                figures += compared(connection, artifacts(each), _QUICK if arguments.quick else 1)
    figures["seconds"] = round(time.perf_counter() - started)
    json.dump(figures, sys.stdout, indent=2)
    print()


def compared(connection: Connection, found: Artifacts, step: int) -> Counter[str]:
    """Return the figures of one project."""
    said, skips = claims(found)
    for skip in skips:
        _tell(skip.subject, f"not resolved: {skip.reason}")
    figures = Counter(models=len(said) + len(skips), models_resolved=len(said))
    lineage_oracle.create_tables(connection, found.columns)
    try:
        for claim in said[::step]:
            figures += _described(connection, claim)
    finally:
        lineage_oracle.drop_tables(connection, found.columns)
    return figures


def _described(connection: Connection, claim: Claim) -> Counter[str]:
    figures: Counter[str] = Counter()
    try:
        origins = lineage_oracle.origins(connection, claim.sql)
        needed = lineage_oracle.dependencies(connection, claim.sql)
    except psycopg.Error as error:
        _tell(claim.model, f"Postgres refuses the model: {str(error).splitlines()[0]}")
        return Counter(models_refused=1)
    if [name for name, _ in origins] != list(claim.columns):
        _tell(claim.model, f"columns: {claim.columns} are {[name for name, _ in origins]}")
        figures["wrong_columns"] += 1
    for name, origin in origins:
        if origin is None:
            continue
        figures["plain_columns"] += 1
        parents = claim.direct.get(name, {})
        if list(parents) == [origin] and parents[origin] in PASSED_ON:
            figures["plain_exact"] += 1
        else:
            _tell(claim.model, f"{name} is {origin}, we say {parents}")
    for column in sorted(claim.parents - needed):
        _tell(claim.model, f"{column} is no dependency")
        figures["outside_pg_depend"] += 1
    for column in sorted(needed - claim.mentioned - claim.parents):
        _tell(claim.model, f"{column} is a dependency that nothing explains")
        figures["unexplained_pg_depend"] += 1
    figures["pg_depend_columns"] += len(needed)
    return figures


def _tell(model: str, what: str) -> None:
    print(f"{model}: {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
