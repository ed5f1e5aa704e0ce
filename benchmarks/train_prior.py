"""The forecast model that ships, and how good it is on projects that it did not learn from.

`python -m benchmarks.train_prior` learns from every project of the fleet and prints one JSON
object; `--write` puts the model into the package. All of its figures are of left-out projects: see
docs/model_bundle.md. `--quick` learns from twelve projects, and writes nothing.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks.degradation.examples import in_turns, moments, plans_alone, short_moments
from benchmarks.fleet.live import CATALOG_EVERY
from benchmarks.fleet.read import projects
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.backends.forecast_model import PRIOR, write_model
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.causes import cause_of
from dbt_schema_evolve.predict.bundle import Bundle, write_bundle
from dbt_schema_evolve.predict.population import NAME as POPULATION
from dbt_schema_evolve.predict.population import population_part
from dbt_schema_evolve.predict.trees.training import train
from dbt_schema_evolve.predict.trees.trees import NAME, part_of
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Case

EVERY = 2  # days: the day after has nearly the same features, and the same answer
_POPULATION_EVERY = 20  # days: what subjects are like does not change by the day
_POPULATION_SHORT = 10  # where those that were looked at for a few days have their turn
_QUICK = 12  # projects


def main() -> None:
    """Train, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="twelve projects, nothing written")
    parser.add_argument("--write", action="store_true", help="put the model into the package")
    parser.add_argument("--fleet", type=Path, default=KEPT, help="a folder with another fleet")
    arguments = parser.parse_args()
    fleet = Fleet(arguments.fleet, _QUICK if arguments.quick else None)
    trees = train(fleet.examples(), cause_of)
    bundle = Bundle(
        {NAME: part_of(trees), POPULATION: population_part(fleet.population)},
        f"{fleet.projects} simulated warehouses, measured on Postgres 18",
        fleet.taken,
        fleet.projects,
    )
    if arguments.write and not arguments.quick:
        write_model(bundle, PRIOR)
    figures = {
        "projects": bundle.groups,
        "examples": bundle.examples,
        "base_rate": trees.base_rate,
        **trees.figures,
        "correction": trees.correction.by_band,
        "features": len(trees.features),
        "bytes": sum(len(data) for data in write_bundle(bundle).values()),
        "packed_bytes": PRIOR.stat().st_size if PRIOR.exists() else None,
    }
    json.dump(figures, sys.stdout, indent=2)
    print()


class Fleet:
    """Projects of a folder, read one at a time; what goes by is counted."""

    def __init__(self, folder: Path, most: int | None) -> None:
        """Take at most so many projects."""
        self._folder, self._most = folder, most
        self.projects = self.taken = 0
        self.population: list[Example] = []

    def examples(self) -> Iterator[Example]:
        """Yield the examples of every second day, and of every fifth as if it began just then.

        What came of plans is yielded of every day on which somebody looked at them.
        """
        for project in islice(projects(self._folder), self._most):
            self.projects += 1
            print(f"\r{self.projects} projects", end="", file=sys.stderr, flush=True)
            cases_at = Cases(project.facts).at
            long = moments(project, cases_at, EVERY)
            short = short_moments(project, in_turns(self.projects))
            for found, turn in ((long, 0), (short, _POPULATION_SHORT)):
                for moment in found:
                    self.taken += 1
                    yield moment.example
                    if moment.day % _POPULATION_EVERY == turn:
                        self.population.append(_features_only(moment.example))
            for moment in moments(project, cases_at, CATALOG_EVERY):
                if moment.day % EVERY:
                    yield plans_alone(moment.example)
        print(file=sys.stderr)


def _features_only(example: Example) -> Example:
    """Leave histories behind, which a project shares among all its cases, and keeps alive."""
    case = example.case
    return replace(example, case=Case(case.subject, case.cutoff, (), None, case.features))


if __name__ == "__main__":
    main()
