"""How well measured outcomes foretell a regression on a query that was never seen.

`python -m benchmarks.belief` reads `benchmarks/data/trials.parquet` (see benchmarks/trials.py) and
cross-validates by query; `--write` trains on everything and puts the prior into the package.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import duckdb

from benchmarks.trials import PACKED
from dbt_schema_evolve.backends import belief as shipped
from dbt_schema_evolve.predict.outcomes.belief import Belief
from dbt_schema_evolve.predict.outcomes.bundle import write_bundle
from dbt_schema_evolve.predict.outcomes.features import FEATURES, pair_features
from dbt_schema_evolve.predict.outcomes.training import train
from dbt_schema_evolve.records.outcomes import Label, Outcome
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

FOLDS = 10
DEALS = 5  # regressions are few: which queries fall into one fold moves the figures
PRIOR = Path(shipped.__file__).parent / "prior"
CLEAR_RATIO = 1.3  # a regression in time alone, without more blocks, has to be this clear
PRECISION = 0.8


def main() -> None:
    """Cross-validate, and print the median deal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="train on all and ship it")
    parser.add_argument(
        "--quick", action="store_true", help="one deal of queries into folds instead of five"
    )
    arguments = parser.parse_args()
    outcomes = [each for of in read_outcomes(PACKED).values() for each in of]
    deals = [evaluate(outcomes, seed) for seed in range(1, 2 if arguments.quick else DEALS + 1)]
    deals.sort(key=lambda each: each["pr_auc"])
    figures = deals[len(deals) // 2] | {
        "pr_auc_range": [deals[0]["pr_auc"], deals[-1]["pr_auc"]],
        "deals": len(deals),
    }
    if arguments.write:
        bundle = train(outcomes, "TPC-H and TPC-DS at scales 0.1 and 1, Postgres 18")
        PRIOR.mkdir(exist_ok=True)
        for name, data in write_bundle(bundle).items():
            (PRIOR / name).write_bytes(data)
        figures["prior_bytes"] = sum(path.stat().st_size for path in PRIOR.iterdir())
    json.dump(figures, sys.stdout, indent=2)
    print()


def read_outcomes(path: Path) -> dict[str, list[Outcome]]:
    """Read the trials by warehouse; a query is known by its workload and number at any scale."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for row in _rows(path):
        found[f"{row['workload']} {row['scale']:g}"].append(_outcome(row))
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = duckdb.connect().execute(f"select * from '{path}'").fetchall()
    columns = (
        "workload", "scale", "query", "indexes", "plan", "before", "after", "baseline_us",
        "changed_us", "baseline_blocks", "changed_blocks", "baseline_temp", "changed_temp",
        "cut_off",
    )  # fmt: skip
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _outcome(row: dict[str, Any]) -> Outcome:
    baseline, changed = row["baseline_us"], row["changed_us"]
    ratio = min(changed) / min(baseline)
    pairs = [new / old for old, new in zip(baseline, changed, strict=True)]
    low, high = min(*pairs, ratio), max(*pairs, ratio)
    more_blocks = (row["changed_blocks"] + row["changed_temp"]) > (
        row["baseline_blocks"] + row["baseline_temp"]
    )
    if row["cut_off"]:
        low = ratio
    elif not more_blocks and ratio < CLEAR_RATIO:
        low = min(low, 1.0)  # one witness alone does not make a regression
    return Outcome(
        f"{row['workload']} {row['query']}",
        _nodes(row["before"]),
        _nodes(row["after"]),
        ratio,
        low,
        high,
    )


def _nodes(text: str) -> tuple[PlanNode, ...]:
    return tuple(
        PlanNode(depth, kind, RelationName("public", of) if of else None, None, *figures)
        for depth, kind, of, *figures in json.loads(text)
    )


def folds(outcomes: Sequence[Outcome], seed: int) -> dict[str, int]:
    """Deal queries out: what is learned of one is never asked of the same one."""
    names = sorted({each.query for each in outcomes})
    Random(seed).shuffle(names)
    return {name: number % FOLDS for number, name in enumerate(names)}


def evaluate(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:
    """Cross-validate by query, and compare with the planner's own estimates."""
    fold_of = folds(outcomes, seed)
    chances: dict[int, Any] = {}
    for fold in range(FOLDS):
        known = [each for each in outcomes if fold_of[each.query] != fold]
        belief = Belief(train(known, "cross-validation"))
        for number, each in enumerate(outcomes):
            if fold_of[each.query] == fold:
                chances[number] = belief.chances(each.before, each.after)
    truth = [each.label is Label.REGRESSION for each in outcomes]
    risks = [chances[number].regression for number in range(len(outcomes))]

    def planner(feature: str) -> list[float]:
        place = FEATURES.index(feature)
        return [pair_features(each.before, each.after)[place] for each in outcomes]

    confusion: dict[str, Counter[str]] = defaultdict(Counter)
    for number, each in enumerate(outcomes):
        found = chances[number]
        said = max(Label, key=lambda label: getattr(found, label.value))
        confusion[each.label][said] += 1
    rejected = [number for number, risk in enumerate(risks) if risk > 0.5]
    gains = [number for number, each in enumerate(outcomes) if each.label is Label.GAIN]
    return {
        "outcomes": len(outcomes),
        "queries": len(fold_of),
        "labels": Counter(each.label.value for each in outcomes),
        "base_rate": round(sum(truth) / len(truth), 3),
        "pr_auc": round(average_precision(truth, risks), 3),
        "pr_auc_planner": round(average_precision(truth, planner("log_cost_ratio")), 3),
        "pr_auc_warm_planner": round(average_precision(truth, planner("log_warm_cost_ratio")), 3),
        "recall_at_80_precision": round(recall_at(truth, risks, PRECISION), 3),
        "recall_at_80_precision_planner": round(
            recall_at(truth, planner("log_cost_ratio"), PRECISION), 3
        ),
        "rejected": len(rejected),
        "rejected_regressions_ratio": round(_share(rejected, lambda n: truth[n]), 3),
        "regressions_rejected_ratio": round(
            sum(truth[n] for n in rejected) / max(sum(truth), 1), 3
        ),
        "gains_rejected_ratio": round(_share(gains, lambda n: risks[n] > 0.5), 3),
        "median_ratio_of_rejected": round(
            median([outcomes[n].measured_ratio for n in rejected] or [0.0]), 3
        ),
        "confusion": {
            f"measured {label}": {f"said {said}": confusion[label][said] for said in Label}
            for label in Label
        },
    }


def _share(numbers: Sequence[int], holds: Callable[[int], bool]) -> float:
    return sum(holds(n) for n in numbers) / max(len(numbers), 1)


def average_precision(truth: Sequence[bool], scores: Sequence[float]) -> float:
    """Return the area under precision over recall; ties count as one step."""
    area, recall = 0.0, 0.0
    for step_recall, precision in _curve(truth, scores):
        area += (step_recall - recall) * precision
        recall = step_recall
    return area


def recall_at(truth: Sequence[bool], scores: Sequence[float], precision: float) -> float:
    """Return the most that can be found while this share of the alarms is right."""
    return max((r for r, p in _curve(truth, scores) if p >= precision), default=0.0)


def _curve(truth: Sequence[bool], scores: Sequence[float]) -> list[tuple[float, float]]:
    ordered = sorted(zip(scores, truth, strict=True), key=lambda pair: -pair[0])
    points, hits = [], 0
    for number, (score, is_true) in enumerate(ordered, start=1):
        hits += is_true
        if number == len(ordered) or ordered[number][0] != score:
            points.append((hits / max(sum(truth), 1), hits / number))
    return points


if __name__ == "__main__":
    main()
