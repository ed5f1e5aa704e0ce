"""How well degradations are foretold on projects that were never seen.

`python -m benchmarks.degradation` reads the fleet; docs/forecast_label.md says what is counted.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.degradation.figures import explained, figures
from benchmarks.degradation.kept import tables
from benchmarks.degradation.splits import PARTS
from benchmarks.degradation.study import Study
from benchmarks.fleet.read import projects
from benchmarks.fleet.store import KEPT


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one deal of projects instead of five")
    parser.add_argument("--fleet", type=Path, default=KEPT, help="a folder with another fleet")
    arguments = parser.parse_args()
    held = tables(projects(arguments.fleet))
    study = Study(held, 1 if arguments.quick else PARTS)
    found = figures(study) | explained(study, projects(arguments.fleet))
    json.dump(found, sys.stdout, indent=2, default=float)
    print()


if __name__ == "__main__":
    main()
