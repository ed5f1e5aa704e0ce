"""The planner's outlooks on the fleet, as they are kept beside its other facts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.fleet.live import at
from benchmarks.fleet.store import read_rows
from dbt_schema_evolve.records.outlooks import Outlook

OUTLOOKS: Mapping[str, str] = {
    "project": "varchar",
    "subject": "varchar",
    "day": "smallint",
    "horizon_days": "smallint",
    "estimated_cost": "float",
    "plan_id": "varchar",
    "fill_ratio": "float",
    "row_ratio": "float",
    "flips": "varchar",  # JSON: [sentence, ...]
}


def read_outlooks(folder: Path, project: str) -> Iterator[Outlook]:
    """Yield the outlooks of a project; none where none were made."""
    for row in read_rows(folder, "outlooks", project):
        yield Outlook(
            row["subject"],
            at(row["day"]),
            float(row["horizon_days"]),
            row["estimated_cost"],
            row["plan_id"],
            row["fill_ratio"],
            tuple(json.loads(row["flips"])),
            row["row_ratio"],
        )
