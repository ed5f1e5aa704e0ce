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
from collections.abc import Iterable
from pathlib import Path

import psycopg

from benchmarks import lineage_oracle, lineage_perturbation
from benchmarks.lineage_claims import PASSED_ON, Artifacts, Claim, artifacts, claims
from benchmarks.lineage_oracle import Connection
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.records.relations import ColumnName

ARTIFACTS = Path(__file__).parents[2] / "shared" / "data" / "artifacts"
_QUICK = 5  # every fifth model


KEYS = (
    "models",
    "models_resolved",
    "plain_columns",
    "plain_exact",
    "outside_pg_depend",
    "perturbation_misses",
    # Beside those: what stands behind them.
    "models_refused",
    "models_not_run",
    "models_compared",
    "wrong_columns",
    "pg_depend_columns",
    "unexplained_pg_depend",
    "perturbed_columns",
    "columns_that_matter",
    "changed_outputs",
    "direct_edges",
    "direct_edges_moved",
    "seconds",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"one model in {_QUICK}")
    parser.add_argument("--artifacts", type=Path, default=ARTIFACTS, help="a folder of folders")
    arguments = parser.parse_args()
    started = time.perf_counter()
    figures: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="lineage-accuracy-") as folder,
        Cluster(Path(folder) / "cluster") as cluster,
    ):
        for each in sorted(arguments.artifacts.iterdir()):
            print(f"{each.name}", file=sys.stderr)
            with cluster.connect() as connection:
                figures.update(
                    compared(connection, artifacts(each), _QUICK if arguments.quick else 1)
                )
    figures["seconds"] = round(time.perf_counter() - started)
    json.dump({key: figures[key] for key in KEYS}, sys.stdout, indent=2)
    print()


def compared(connection: Connection, found: Artifacts, step: int) -> Counter[str]:
    """Return the figures of one project."""
    said, skips = claims(found)
    for skip in skips:
        _tell(skip.subject, f"not resolved: {skip.reason}")
    figures = Counter(models=len(said) + len(skips), models_resolved=len(said))
    looked_at = said[::step]
    lineage_oracle.create_tables(connection, found.columns)
    needed = {}
    for claim in looked_at:
        figures.update(_described(connection, claim, needed))
    lineage_oracle.drop_tables(connection, found.columns)
    compared_with = lineage_perturbation.literals(claim.sql for claim in looked_at)
    lineage_perturbation.create_views(connection, found.columns, compared_with)
    for claim in looked_at:
        figures.update(_perturbed(connection, claim, needed.get(claim.model, ())))
    lineage_perturbation.drop_views(connection, found.columns)
    return figures


def _described(
    connection: Connection, claim: Claim, dependencies: dict[str, set[ColumnName]]
) -> Counter[str]:
    figures: Counter[str] = Counter()
    try:
        origins = lineage_oracle.origins(connection, claim.sql)
        needed = lineage_oracle.dependencies(connection, claim.sql)
    except psycopg.Error as error:
        _tell(claim.model, f"Postgres refuses the model: {str(error).splitlines()[0]}")
        return Counter(models_refused=1)
    dependencies[claim.model] = needed
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


def _perturbed(connection: Connection, claim: Claim, columns: Iterable[ColumnName]) -> Counter[str]:
    """Turn every column that can matter: what is no dependency cannot."""
    figures: Counter[str] = Counter()
    moved: dict[ColumnName, set[str]] = {column: set() for column in columns}
    missed: set[tuple[ColumnName, str]] = set()
    try:
        for change in lineage_perturbation.changes(
            connection, claim.sql, claim.columns, sorted(moved)
        ):
            moved[change.column] |= change.outputs
            if change.column in claim.indirect:
                continue
            if change.rows:
                missed.add((change.column, "the number of rows"))
                continue
            missed |= {
                (change.column, output)
                for output in change.outputs
                if change.column not in claim.direct[output]
            }
    except psycopg.Error as error:
        _tell(claim.model, f"cannot be run on our data: {str(error).splitlines()[0]}")
        return Counter(models_not_run=1)
    for column, what in sorted(missed):
        _tell(claim.model, f"{what} changes with {column}")
    figures["models_compared"] = 1
    figures["perturbed_columns"] = len(moved)
    figures["columns_that_matter"] = sum(bool(outputs) for outputs in moved.values())
    figures["changed_outputs"] = sum(len(outputs) for outputs in moved.values())
    figures["perturbation_misses"] = len(missed)
    figures["direct_edges"] = sum(len(parents) for parents in claim.direct.values())
    figures["direct_edges_moved"] = sum(
        output in moved[column]
        for output, parents in claim.direct.items()
        for column in parents
        if column in moved
    )
    return figures


def _tell(model: str, what: str) -> None:
    print(f"{model}: {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
