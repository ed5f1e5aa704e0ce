"""`python -m benchmarks.fleet.row_dates --fleet FOLDER --to FOLDER`: how old rows are, by catalog.

What one look at a catalog tells of the sizes before it, kept beside the fleet's other facts; the
catalogs themselves are not kept.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.fleet.live import at
from benchmarks.fleet.store import KEPT, project_names, read_rows, write_rows
from dbt_schema_evolve.backends.twin_file import read_twin_file
from dbt_schema_evolve.features.row_dates import earlier_sizes
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationKind, RelationName

_KIND = "row_dates"
_LOADED = "raw"  # the schema of what dbt does not build, of which alone dates tell
_TYPES = {
    "project": "varchar",
    "schema": "varchar",
    "name": "varchar",
    "day": "smallint",
    "before": "smallint",  # days before that day
    "rows": "bigint",
}


def main() -> None:
    """Read the catalogs of all projects."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet.row_dates")
    parser.add_argument("--fleet", type=Path, required=True, help="a folder a project")
    parser.add_argument("--to", type=Path, default=KEPT, help="where the packed file goes")
    arguments = parser.parse_args()
    names = project_names(arguments.fleet)
    rows = (row for name in names for row in _rows(arguments.fleet, name))
    write_rows(arguments.to / f"{_KIND}.parquet", _TYPES, rows)
    json.dump({"projects": len(names)}, sys.stdout)
    print()


def read_row_dates(folder: Path, project: str) -> Mapping[datetime, tuple[RelationProfile, ...]]:
    """Return what each catalog of a project told of the sizes before it; nothing where none did."""
    found: defaultdict[datetime, list[RelationProfile]] = defaultdict(list)
    for row in read_rows(folder, _KIND, project):
        relation = RelationName(row["schema"], row["name"])
        found[at(row["day"])].append(
            RelationProfile(
                relation,
                RelationKind.TABLE,
                at(row["day"] - row["before"]),
                row["rows"],
                None,
                None,
            )
        )
    return {told: tuple(sizes) for told, sizes in sorted(found.items())}


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    print(f"\r{name}", end="", file=sys.stderr, flush=True)
    analyzed = {
        (row["day"], row["schema"], row["name"]): row["analyzed_day"]
        for row in read_rows(folder, "relations", name)
    }
    for path in sorted((folder / name).glob("catalog-*.json.gz")):
        day = int(path.name.removeprefix("catalog-").removesuffix(".json.gz"))
        for table in read_twin_file(path).catalog.tables:
            analyzed_day = analyzed.get((day, *table.relation))
            if table.relation.schema == _LOADED and analyzed_day is not None:
                for each in earlier_sizes(table, at(day), at(analyzed_day)):
                    yield {
                        "project": name,
                        "schema": each.relation.schema,
                        "name": each.relation.name,
                        "day": day,
                        "before": (at(day) - each.captured_at).days,
                        "rows": each.estimated_rows,
                    }


if __name__ == "__main__":
    main()
