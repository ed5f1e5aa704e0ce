"""`python -m benchmarks.fleet`: live through the projects that are not there yet.

Interrupt it when you like: what is finished stays, and the next run goes on. `--pack` then puts
everything together into the files that are kept in the repository.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fleet.draw import DAYS
from benchmarks.fleet.outlooks import OUTLOOKS
from benchmarks.fleet.run import run
from benchmarks.fleet.store import KINDS, pack, project_names

_WORK = Path(__file__).parents[2] / ".bench" / "fleet"
_QUICK_PROJECTS, _QUICK_DAYS = 2, 21


def main() -> None:
    """Run, pack, print what is there."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=_WORK)
    parser.add_argument("--pack", type=Path, help="put what is there together in this folder")
    parser.add_argument("--quick", action="store_true", help="two projects, three weeks")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.projects, arguments.days = _QUICK_PROJECTS, _QUICK_DAYS
    began = time.monotonic()
    if arguments.quick:
        with TemporaryDirectory() as folder:
            run(Path(folder), arguments.projects, arguments.days, arguments.jobs)
            names = project_names(Path(folder))
    else:
        run(arguments.folder, arguments.projects, arguments.days, arguments.jobs)
        names = project_names(arguments.folder)
        if arguments.pack:
            pack(arguments.folder, arguments.pack, {**KINDS, "outlooks": OUTLOOKS})
    json.dump(
        {"projects": len(names), "days": arguments.days,
         "seconds": round(time.monotonic() - began, 1)},
        sys.stdout, indent=2,
    )  # fmt: skip
    print()


if __name__ == "__main__":
    main()
