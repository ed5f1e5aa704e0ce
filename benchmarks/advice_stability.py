"""Whether advice holds when the workload wavers: `python -m benchmarks.advice_stability [--quick]`.

The advice that the product gives on its planner twin for a workload of unequal calls, beside the
advice for the same workload with 5 % of the calls jittered, once a little at every query and once
moved from queries to others. An index that carries more than 2 % of the benefit and is in one of
the two sets only has changed. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import tpc
from benchmarks.catalog_evidence import evidence_of
from benchmarks.warehouses import warehouse
from dbt_schema_evolve.backends.belief import read_prior
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.predict.outcomes.belief import Belief
from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.cost import AS_IT_IS, CostOracle, Estimate
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.records.changes import Budget, Configuration, Spec
from dbt_schema_evolve.records.evidence import Evidence

MB = 10**6
DEFAULT_BUDGET_MB = {"tpch": 500, "tpcds": 100}
QUICK_SCALE, QUICK_BUDGET_MB = 0.1, 50

JITTER = 0.05
CARRIES = 0.02  # of the benefit: the share from which on an index should stay

# The rarest query runs so often that 5 % of its calls are many.
FEWEST_CALLS, MOST_CALLS = 1_000, 1_000_000

Calls = Mapping[str, int]  # by fingerprint


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=tpc.WORKLOADS, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--budget-mb", type=float)
    parser.add_argument("--seeds", type=int, default=10, help="workloads, each jittered both ways")
    parser.add_argument("--quick", action="store_true", help=f"at scale {QUICK_SCALE}, 2 seeds")
    arguments = parser.parse_args()
    workload, scale, seeds = arguments.workload, arguments.scale, arguments.seeds
    budget_mb = arguments.budget_mb or DEFAULT_BUDGET_MB[workload]
    if arguments.quick:
        scale, seeds, budget_mb = QUICK_SCALE, 2, arguments.budget_mb or QUICK_BUDGET_MB
    with warehouse(workload, scale) as cluster, cluster.connect(workload) as connection:
        catalog = read_catalog(connection)
    evidence = evidence_of(catalog, tpc.compared_queries(workload), width=3, plain=False)
    with (
        TemporaryDirectory(prefix="stability-") as folder,
        PlannerTwin(Path(folder) / "twin", catalog) as twin,
    ):
        figures = stability(
            evidence, twin, Budget(round(budget_mb * MB)), range(1, seeds + 1), Belief(read_prior())
        )
    json.dump({"workload": workload, "scale": scale, **figures}, sys.stdout, indent=2)
    print()


def wavering(calls: Calls, rng: Random) -> Calls:
    """Let every query run up to 5 % more or less often."""
    return {name: round(n * (1 + rng.uniform(-JITTER, JITTER))) for name, n in calls.items()}


def moved(calls: Calls, rng: Random) -> Calls:
    """Take 5 % of every query's calls, and give them out at random."""
    taken = {name: round(JITTER * n) for name, n in calls.items()}
    draws = {name: rng.expovariate(1.0) for name in calls}
    part = sum(taken.values()) / sum(draws.values())
    return {name: n - taken[name] + round(part * draws[name]) for name, n in calls.items()}


JITTERS: Sequence[Callable[[Calls, Random], Calls]] = (wavering, moved)


def stability(
    evidence: Evidence,
    oracle: CostOracle,
    budget: Budget,
    seeds: Sequence[int],
    judge: Judge = TRUSTING,
) -> dict[str, Any]:
    """Return how the advice for jittered workloads differs from that for the workloads."""
    started = time.perf_counter()
    adviser = Adviser(evidence, Remembering(oracle), budget, judge)
    names = [each.fingerprint for each in evidence.queries]
    indexes, ratios, changed = [], [], list[dict[str, Any]]()
    for seed in seeds:
        rng = Random(seed)
        calls = {name: _unequal(rng) for name in names}
        base = adviser.shares(calls)
        indexes.append(len(base))
        for jitter in JITTERS:
            jittered = jitter(calls, rng)
            shares = adviser.shares(jittered)
            benefits = [adviser.benefit(jittered, frozenset(each)) for each in (base, shares)]
            ratio = benefits[0] / benefits[1] if benefits[1] else 1.0
            ratios.append(ratio)
            found = list(_changed(base, shares))
            print(f"seed {seed}, {jitter.__name__}: {len(found)} changed", file=sys.stderr)
            changed += (
                {"seed": seed, "jitter": jitter.__name__, **each, "benefit_ratio": round(ratio, 4)}
                for each in found
            )
    return {
        "budget_bytes": budget.bytes,
        "seeds": len(seeds),
        "jittered_workloads": len(ratios),
        "indexes": indexes,
        "changed_indexes": len(changed),
        "changed": changed,
        "benefit_ratio_worst": round(min(ratios), 4),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _unequal(rng: Random) -> int:
    return round(FEWEST_CALLS * (MOST_CALLS / FEWEST_CALLS) ** rng.random())


def _changed(
    base: Mapping[Spec, float], jittered: Mapping[Spec, float]
) -> Iterator[dict[str, Any]]:
    """Yield the indexes that carry something, and that one of two sets is without."""
    for there, shares, other in (("before", base, jittered), ("after", jittered, base)):
        for spec in sorted(shares.keys() - other.keys(), key=str):
            if shares[spec] > CARRIES:
                yield {"index": str(spec), "only": there, "share": round(shares[spec], 4)}


@dataclass(frozen=True, slots=True)
class Adviser:
    """The product's advice for one database under any calls."""

    evidence: Evidence
    oracle: CostOracle
    budget: Budget
    judge: Judge

    def shares(self, calls: Calls) -> Mapping[Spec, float]:
        """Return the indexes advised, each with its share of the whole benefit."""
        queries = tuple(replace(q, calls=calls[q.fingerprint]) for q in self.evidence.queries)
        evidence = replace(self.evidence, queries=queries)
        found = recommend(
            evidence, self.oracle, self.budget, ("index",), judge=self.judge
        ).recommendations
        whole = sum(each.estimated_benefit_ratio for each in found)
        return {each.spec: each.estimated_benefit_ratio / whole for each in found}

    def benefit(self, calls: Calls, chosen: Configuration) -> float:
        """Return what a set saves of a workload's cost."""
        texts = [query.sql for query in self.evidence.queries]
        weights = [calls[query.fingerprint] for query in self.evidence.queries]
        before, after = (
            [each.cost if isinstance(each, Estimate) else 0.0 for each in prices]
            for prices in (self.oracle.price(texts, c) for c in (AS_IT_IS, chosen))
        )
        return sum(n * (b - a) for n, b, a in zip(weights, before, after, strict=True))


class Remembering:
    """An oracle that is asked each question once, for searches that differ in calls only."""

    def __init__(self, oracle: CostOracle) -> None:
        self._oracle = oracle
        self._answers: dict[tuple[str, Configuration], Any] = {}

    def price(self, queries: Sequence[str], configuration: Configuration = AS_IT_IS) -> Any:
        """Answer from memory what was asked before."""
        missing = [text for text in queries if (text, configuration) not in self._answers]
        if missing:
            for text, answer in zip(
                missing, self._oracle.price(missing, configuration), strict=True
            ):
                self._answers[text, configuration] = answer
        return tuple(self._answers[text, configuration] for text in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Ask on: sizes are cheap."""
        return self._oracle.size_bytes(spec)


if __name__ == "__main__":
    main()
