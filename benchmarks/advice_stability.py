"""Whether advice holds when the workload wavers: `python -m benchmarks.advice_stability [--quick]`.

The advice that the product gives on its planner twin for a workload of unequal calls, beside the
advice for the same workload with 5 % of the calls jittered, once a little at every query and once
moved from queries to others. An index that carries more than 2 % of the benefit and is in one of
the two sets only has changed. `benefit_ratio` is what the first set saves of the jittered workload,
over what its own set does: near 1, it was a tie. `once_proven` is the same after a validation that
accepted the first set. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
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
from dbt_schema_evolve.records.changes import Budget, Candidate, Configuration, Spec
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
    indexes, afresh, once_proven = [], Comparison(), Comparison()
    for seed in seeds:
        rng = Random(seed)
        calls = {each.fingerprint: _unequal(rng) for each in evidence.queries}
        base = adviser.advice(calls)
        indexes.append(len(base))
        for jitter in JITTERS:
            jittered = jitter(calls, rng)
            fresh = adviser.advice(jittered)
            stayed = adviser.advice(jittered, proven=base)
            saves = [adviser.benefit(jittered, frozenset(each)) for each in (base, fresh, stayed)]
            case = {"seed": seed, "jitter": jitter.__name__}
            afresh.add(case, base, fresh, saves[0] / saves[1])
            once_proven.add(case, base, stayed, saves[2] / saves[1])
            print(f"{case}: {afresh.figures}", file=sys.stderr)
    return {
        "budget_bytes": budget.bytes,
        "seeds": len(seeds),
        "jittered_workloads": len(seeds) * len(JITTERS),
        "indexes": indexes,
        **afresh.figures,
        "once_proven": once_proven.figures,
        "seconds": round(time.perf_counter() - started, 1),
    }


class Comparison:
    """What changed between the advice for workloads and for the jittered ones."""

    def __init__(self) -> None:
        self._changed: list[dict[str, Any]] = []
        self._ratios: list[float] = []

    def add(
        self,
        case: Mapping[str, Any],
        base: Mapping[Spec, float],
        jittered: Mapping[Spec, float],
        benefit_ratio: float,
    ) -> None:
        """Note the indexes that carry something, and that one of two sets is without."""
        self._ratios.append(benefit_ratio)
        for there, shares, other in (("before", base, jittered), ("after", jittered, base)):
            self._changed += (
                {
                    **case,
                    "index": str(spec),
                    "only": there,
                    "share": round(shares[spec], 4),
                    "benefit_ratio": round(benefit_ratio, 4),
                }
                for spec in sorted(shares.keys() - other.keys(), key=str)
                if shares[spec] > CARRIES
            )

    @property
    def figures(self) -> dict[str, Any]:
        """Return the indexes that changed, and the least that the set was worth."""
        return {
            "changed_indexes": len(self._changed),
            "changed_workloads": len({(e["seed"], e["jitter"]) for e in self._changed}),
            "benefit_ratio_worst": round(min(self._ratios), 4),
            "changed": self._changed,
        }


def _unequal(rng: Random) -> int:
    return round(FEWEST_CALLS * (MOST_CALLS / FEWEST_CALLS) ** rng.random())


@dataclass(frozen=True, slots=True)
class Adviser:
    """The product's advice for one database under any calls."""

    evidence: Evidence
    oracle: CostOracle
    budget: Budget
    judge: Judge

    def advice(self, calls: Calls, proven: Collection[Spec] = ()) -> Mapping[Spec, float]:
        """Return the indexes advised, each with its share of the whole benefit."""
        evidence = replace(
            self.evidence,
            queries=tuple(replace(q, calls=calls[q.fingerprint]) for q in self.evidence.queries),
            proven=frozenset(
                Candidate("index", spec, frozenset(), "").number_key for spec in proven
            ),
        )
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
