"""What a recurrent network adds to trees, on projects of the fleet that neither has seen.

`python -m benchmarks.network` prints one JSON object: how well the trees, the network, the network
without what lies upstream, and the blend tell degradations, and how often their intervals hold.
`--write` puts the network and the terms of the blend into the model that ships, if the blend is
better than the trees alone. What ships is what was measured: a network that learned from three
fifths of the projects.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.degradation.examples import moments
from benchmarks.degradation.judged import Judged, gain, judged
from benchmarks.degradation.splits import Split, splits
from benchmarks.degradation.table import Line, Table, joined, table
from benchmarks.degradation.watch import Flags, Floats
from benchmarks.fleet.read import projects
from benchmarks.fleet.records import FleetProject
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.backends.forecast_model import PRIOR, read_prior, write_model
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.causes import cause_of
from dbt_schema_evolve.predict.blend import NAME as BLEND
from dbt_schema_evolve.predict.blend import Blend
from dbt_schema_evolve.predict.blend import part_of as part_of_terms
from dbt_schema_evolve.predict.blend_terms import learn_terms
from dbt_schema_evolve.predict.bundle import Bundle, Part
from dbt_schema_evolve.predict.network.model import RecurrentNetwork
from dbt_schema_evolve.predict.network.predictor import NetworkPredictor
from dbt_schema_evolve.predict.network.training import Epoch
from dbt_schema_evolve.predict.network.training import train as train_network
from dbt_schema_evolve.predict.network.weights import NAME as NETWORK
from dbt_schema_evolve.predict.network.weights import part_of as part_of_network
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import train as train_trees
from dbt_schema_evolve.predict.trees.trees import NAME as TREES
from dbt_schema_evolve.predict.trees.trees import part_of
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Case, FeatureVector, Forecast

_EVERY = 2  # days: the day after has nearly the same case, and the same answer
_SEED = 1
_UPSTREAM = ("upstream_", "projected_")  # how names of features begin that say what lies there
_HORIZONS = (1, 3, 7, 14, 21, 30)


@dataclass(frozen=True, slots=True)
class Known:
    """Examples in the order of the lines of a table."""

    lines: Table
    examples: Sequence[Example]

    def of(self, chosen: Flags) -> Iterator[Example]:
        """Yield the examples of chosen lines."""
        return (self.examples[row] for row in np.flatnonzero(chosen))


def known(fleet: Sequence[FleetProject]) -> Known:
    """Work out all examples; features only, as nobody here asks for an oracle."""
    tables, examples = [], []
    for number, project in enumerate(sorted(fleet, key=lambda each: each.name), 1):
        found = list(moments(project, Cases(project.facts).at, every=_EVERY))
        found.sort(key=lambda each: (each.example.case.subject, each.run))
        tables.append(
            table(
                project.name,
                project.regime,
                [
                    Line(each.example.case.subject, each.run, each.day, each.example.outcome, {})
                    for each in found
                ],
            )
        )
        examples += [each.example for each in found]
        print(f"\r{number} projects", end="", file=sys.stderr)
    print(file=sys.stderr)
    return Known(joined(tables), examples)


class Contest:
    """Predictors that learned from a split's training projects."""

    def __init__(self, held: Known) -> None:
        """Take all examples; predictors are made when they are first asked for."""
        self._held = held
        self.seconds: dict[str, float] = {}
        self.trees = cache(self._trees)
        self.trained = cache(self._trained)
        self.network = cache(self._network)
        self.blind_network = cache(self._blind_network)
        self.blend = cache(self._blend)

    def _of(self, names: frozenset[str]) -> list[Example]:
        return list(self._held.of(self._held.lines.of(names)))

    def _trees(self, split: Split) -> Predictor:
        trees = self._timed("trees", lambda: train_trees(self._of(split.training), cause_of))
        return TreePredictor(Bundle({TREES: part_of(trees)}, "the fleet", 0, 0))

    def _trained(self, split: Split) -> RecurrentNetwork:
        learned, calibration = self._of(split.training), self._of(split.calibration)
        return self._learned("network", learned, calibration)

    def _network(self, split: Split) -> Predictor:
        return NetworkPredictor(self.trained(split))

    def _blind_network(self, split: Split) -> Predictor:
        learned = [_blinded(each) for each in self._of(split.training)]
        calibration = [_blinded(each) for each in self._of(split.calibration)]
        network = self._learned("blind_network", learned, calibration)
        return Blindfolded(NetworkPredictor(network))

    def _learned(
        self, name: str, learned: Sequence[Example], calibration: Sequence[Example]
    ) -> RecurrentNetwork:
        def work() -> RecurrentNetwork:
            return train_network(learned, calibration, _SEED, progress=_say)

        return self._timed(name, work)

    def _blend(self, split: Split) -> Blend:
        trees, network = self.trees(split), self.network(split)
        return Blend(trees, network, learn_terms(trees, network, self._of(split.calibration)))

    def parts(self, split: Split) -> Mapping[str, Part]:
        """Return what a bundle with trees needs to become a blend."""
        network = part_of_network(self.trained(split))
        return {NETWORK: network, BLEND: part_of_terms(self.blend(split).terms)}

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        start = perf_counter()
        done = work()
        self.seconds[name] = round(perf_counter() - start, 1)
        return done


class Blindfolded:
    """Hides from a predictor what lies upstream."""

    def __init__(self, predictor: Predictor) -> None:
        """Take who is to see less."""
        self._predictor = predictor

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Any, ...]:
        """Ask with poorer cases."""
        return self._predictor.predict([_poorer(case) for case in cases], horizon_days)


def _blinded(example: Example) -> Example:
    return replace(example, case=_poorer(example.case))


def _poorer(case: Case) -> Case:
    kept = tuple(each for each in case.features.values if not each[0].startswith(_UPSTREAM))
    features = FeatureVector(case.subject, case.cutoff, kept)
    return replace(case, upstream=(), features=features)


def _say(epoch: Epoch) -> None:
    print(f"\repoch {epoch.number}: {epoch.loss:.4f}, best {epoch.best:.4f}", file=sys.stderr)


def _scores(held: Known, predictor_of: Callable[[Split], Predictor]) -> Judged:
    def score(split: Split, chosen: Flags) -> Floats:
        cases = [each.case for each in held.of(chosen)]
        said = predictor_of(split).predict(cases, 7.0)
        return np.array(
            [f.predicted_probability or 0.0 if isinstance(f, Forecast) else 0.0 for f in said]
        )

    return judged(held.lines, (_split(held.lines),), score)


def _split(lines: Table) -> Split:
    return splits(dict(zip(lines.projects, lines.regimes, strict=True)), _SEED)[0]


def _coverage(held: Known, predictor_of: Callable[[Split], Predictor]) -> dict[str, float]:
    """Return the share of outcomes that 90 % intervals hold, and how wide they are as a factor."""
    split = _split(held.lines)
    tested = list(held.of(held.lines.of(split.test)))
    inside, widths = [], []
    for horizon in _HORIZONS:
        asked = [each for each in tested if horizon in each.outcome.log_ratios]
        said = predictor_of(split).predict([each.case for each in asked], horizon)
        for example, forecast in zip(asked, said, strict=True):
            if isinstance(forecast, Forecast):
                low = log(forecast.predicted_low_us / forecast.measured_us)
                high = log(forecast.predicted_high_us / forecast.measured_us)
                inside.append(low <= example.outcome.log_ratios[horizon] <= high)
                widths.append(high - low)
    return {"coverage_90": float(np.mean(inside)), "median_width": float(np.exp(np.median(widths)))}


def figures(held: Known, contest: Contest) -> Mapping[str, Any]:
    """Return all that is printed."""
    found = {
        "trees": contest.trees,
        "network": contest.network,
        "blind_network": contest.blind_network,
        "blend": contest.blend,
    }
    scores = {name: _scores(held, predictor_of) for name, predictor_of in found.items()}
    return {
        "projects": len(held.lines.projects),
        "examples": len(held.examples),
        "tested": len(scores["trees"].rows),
        "base_rate": float(scores["trees"].rows.degraded.mean()),
        **{name: each.figures() | _coverage(held, found[name]) for name, each in scores.items()},
        "blend_over_trees_ci": gain(scores["blend"], scores["trees"]),
        "upstream_gain_ci": gain(scores["network"], scores["blind_network"]),
        "blend_weight": contest.blend(_split(held.lines)).terms.weight,
        "training_seconds": contest.seconds,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every tenth project, nothing written")
    parser.add_argument("--write", action="store_true", help="put the network into the package")
    parser.add_argument("--fleet", type=Path, default=KEPT, help="a folder with another fleet")
    arguments = parser.parse_args()
    fleet = list(projects(arguments.fleet))
    held = known(fleet[::10] if arguments.quick else fleet)
    contest = Contest(held)
    found = figures(held, contest)
    print(json.dumps(found, indent=2))
    if arguments.write and not arguments.quick:
        if found["blend"]["pr_auc"] <= found["trees"]["pr_auc"]:
            print("the trees are better alone: nothing is written", file=sys.stderr)
            return
        shipped = read_prior()
        parts = {**shipped.parts, **contest.parts(_split(held.lines))}
        write_model(replace(shipped, parts=parts), PRIOR)


if __name__ == "__main__":
    main()
