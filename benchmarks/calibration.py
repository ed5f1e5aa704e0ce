"""Whether costs calibrated on some queries of a machine rank what others gain better."""

import json
import sys
from collections import defaultdict
from math import log
from typing import Any

from benchmarks.belief import FOLDS, folds, read_outcomes
from benchmarks.trials import PACKED
from dbt_schema_evolve.predict.outcomes.calibration import calibrate
from dbt_schema_evolve.records.outcomes import Outcome


def main() -> None:
    """Calibrate on nine tenths of each warehouse's queries, rank the rest; print."""
    outcomes = read_outcomes(PACKED)
    json.dump({name: measure(of) for name, of in outcomes.items()}, sys.stdout, indent=2)
    print()


def measure(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return the rank correlation of estimated and measured ratios, before and after."""
    fold_of = folds(outcomes, 1)
    calibrated = [0.0] * len(outcomes)
    for fold in range(FOLDS):
        found = calibrate([each for each in outcomes if fold_of[each.query] != fold])
        for number, each in enumerate(outcomes):
            if fold_of[each.query] == fold:
                calibrated[number] = log(found.cost(each.after) / found.cost(each.before))
    measured = [log(each.measured_ratio) for each in outcomes]
    planner = [log(each.after[0].cost / each.before[0].cost) for each in outcomes]
    return {
        "outcomes": len(outcomes),
        "settings": dict(calibrate(outcomes).settings),
        "rank_correlation": round(spearman(planner, measured), 3),
        "rank_correlation_calibrated": round(spearman(calibrated, measured), 3),
    }


def spearman(left: list[float], right: list[float]) -> float:
    """Return the correlation of ranks; ties share theirs."""
    x, y = _ranks(left), _ranks(right)
    mean = sum(x) / len(x)
    shared = sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True))
    spread = sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y)
    return float(shared / spread**0.5) if spread else 0.0


def _ranks(values: list[float]) -> list[float]:
    places: dict[float, list[int]] = defaultdict(list)
    for place, value in enumerate(sorted(values)):
        places[value].append(place)
    return [sum(places[value]) / len(places[value]) for value in values]


if __name__ == "__main__":
    main()
