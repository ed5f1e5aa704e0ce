"""How well degradations are foretold on projects that were never seen.

`python -m benchmarks.degradation` reads the fleet; docs/forecast_label.md says what is counted.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.degradation.figures import explained, figures
from benchmarks.degradation.kept import tables
from benchmarks.degradation.splits import PARTS
from benchmarks.degradation.study import Study
from benchmarks.fleet.read import projects
from benchmarks.fleet.records import FleetProject
from benchmarks.fleet.store import KEPT

_QUICK_PROJECTS = 12


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a dozen projects, dealt once")
    parser.add_argument("--fleet", type=Path, default=KEPT, help="a folder with another fleet")
    arguments = parser.parse_args()
    count, deals = (_QUICK_PROJECTS, 1) if arguments.quick else (None, PARTS)

    def fleet() -> Iterator[FleetProject]:
        return islice(projects(arguments.fleet), count)

    study = Study(tables(fleet()), deals)
    found = figures(study) | dict(explained(study, fleet()))
    json.dump(found, sys.stdout, indent=2, default=float)
    print()


if __name__ == "__main__":
    main()
