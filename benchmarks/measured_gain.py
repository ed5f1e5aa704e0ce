"""What our index advice gains in run time: built for real, queries in interleaved pairs.

`python -m benchmarks.measured_gain --workload tpch --scale 1`. Both sides share one server and one
cache: the indexes are built once, and shown to the planner or hidden from it in turn. Then the
advice goes through the product's proof: what makes a query slower beyond noise is rejected, and the
rest is measured again. The queries are those on which published advisors are compared; the others
(TPC-H 2, 15, 17 and 20) run for minutes without an index and could only flatter the total.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from benchmarks import tpc
from benchmarks.catalog_evidence import evidence_of
from benchmarks.hidden_indexes import HiddenIndexes
from benchmarks.runs import paired_runs
from benchmarks.warehouses import warehouse
from dbt_schema_evolve.backends.belief import read_prior
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.predict.outcomes.belief import Belief
from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.records.changes import (
    Budget,
    IndexSpec,
    Recommendation,
)
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.trials import Decision, PairedTimes, SpeedComparison
from dbt_schema_evolve.validate.speed import compare
from dbt_schema_evolve.validate.verdicts import Measured, judge, slower_beyond_noise

MEGABYTE = 1_000_000
TIMEOUT_S = 60.0
PAIRS = 9  # then one pair that somebody disturbed does not widen the interval
PAIRS_OF_ONE_PLAN = 3  # enough to see that nothing happens


def main() -> None:
    """Advise, build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=tpc.WORKLOADS, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--budget-mb", type=int, default=500)
    parser.add_argument("--quick", action="store_true", help="scale 0.1 and a tenth of the budget")
    arguments = parser.parse_args()
    scale = 0.1 if arguments.quick else arguments.scale
    budget = Budget(arguments.budget_mb * MEGABYTE // (10 if arguments.quick else 1))
    figures = measure(arguments.workload, scale, budget, pairs=PAIRS)
    json.dump(figures, sys.stdout, indent=2)
    print()


def measure(workload: str, scale: float, budget: Budget, pairs: int) -> dict[str, Any]:
    """Return the figures of what was accepted, and of what was proposed."""
    queries = tpc.compared_queries(workload)
    with warehouse(workload, scale) as cluster, cluster.connect(workload) as connection:
        hidden = HiddenIndexes(connection)
        hidden.drop()
        catalog = read_catalog(connection)
        evidence = evidence_of(catalog, queries, width=3, plain=False)
        with (
            TemporaryDirectory(prefix="schema-evolve-") as folder,
            PlannerTwin(Path(folder) / "twin", catalog) as twin,
        ):
            unjudged = _advice(evidence, twin, budget, TRUSTING)
            proposed = _advice(evidence, twin, budget, Belief(read_prior()))
        bench = Bench(connection, hidden, evidence, pairs)
        try:
            trials = list(_proof(bench, proposed))
            without_belief = (
                trials[0] if unjudged == proposed else bench.trial(unjudged, "without belief")
            )
        finally:
            hidden.drop()
    return {
        "workload": workload,
        "scale": scale,
        "budget_bytes": budget.bytes,
        **trials[-1].figures,
        "accepted": [str(each.spec) for each in trials[-1].changes],
        "proposed": trials[0].figures,
        "left_out_by_belief": sorted(
            str(spec)
            for spec in {each.spec for each in unjudged} - {each.spec for each in proposed}
        ),
        "without_belief": without_belief.figures,
        "trials": len(trials),
    }


def _advice(
    evidence: Evidence, oracle: CostOracle, budget: Budget, judge: Judge
) -> tuple[Recommendation, ...]:
    return recommend(evidence, oracle, budget, ("index",), judge=judge).recommendations


@dataclass(frozen=True, slots=True)
class Measurement:
    """One set of indexes under all queries."""

    changes: tuple[Recommendation, ...]
    speeds: tuple[SpeedComparison, ...]
    used: Mapping[str, frozenset[IndexSpec]]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where sets of indexes are measured."""

    connection: psycopg.Connection
    hidden: HiddenIndexes
    evidence: Evidence
    pairs: int

    def trial(self, changes: Sequence[Recommendation], name: str) -> Measurement:
        """Build what is missing and time every query with these indexes and without any."""
        specs = [each.spec for each in changes if isinstance(each.spec, IndexSpec)]
        self.connection.execute("reset statement_timeout")  # which the last query's run has set
        for spec in specs:
            self.hidden.build(spec)
        speeds, used, too_long = [], {}, []
        for facts in self.evidence.queries:
            before, after = (self._plan(facts.sql, shown) for shown in ((), specs))
            used[facts.fingerprint] = frozenset(
                node.index for node in after.nodes if node.index is not None
            )
            is_changed = before.plan != after.plan
            print(f"{name}: query {facts.fingerprint}, {is_changed=}", file=sys.stderr)
            run = paired_runs(
                self.connection,
                facts.sql,
                lambda: self.hidden.show(()),
                lambda: self.hidden.show(specs),
                pairs=self.pairs if is_changed else PAIRS_OF_ONE_PLAN,
                timeout_s=TIMEOUT_S,
            )
            if run is None:
                too_long.append(facts.fingerprint)
                continue
            times = PairedTimes(facts.fingerprint, 1, run.baseline_us, run.changed_us)
            speed = compare(times)
            if run.cut_off:  # surely slower, whatever the few pairs say
                speed = replace(speed, ratio_low=speed.measured_ratio)
            speeds.append(speed)
        figures = _figures(speeds) | {
            "indexes": len(specs),
            "real_bytes": self.hidden.bytes(specs),
            "too_long": too_long,
        }
        print(json.dumps({name: figures}), file=sys.stderr)
        return Measurement(tuple(changes), tuple(speeds), used, figures)

    def _plan(self, query: str, shown: Sequence[IndexSpec]) -> Estimate:
        self.hidden.show(shown)
        found = explain(self.connection, query)
        assert isinstance(found, Estimate), found
        return found


def _figures(speeds: Sequence[SpeedComparison]) -> dict[str, Any]:
    worst = max(speeds, key=lambda each: each.measured_ratio)
    return {
        "total_ratio": round(
            sum(each.measured_patched_us for each in speeds)
            / sum(each.measured_baseline_us for each in speeds),
            3,
        ),
        "worst_query_ratio": round(worst.measured_ratio, 3),
        "worst_query": worst.fingerprint,
        "worst_query_interval": [
            round(bound, 3) if isfinite(bound) else None
            for bound in (worst.ratio_low, worst.ratio_high)
        ],
        "slower_beyond_noise": [s.fingerprint for s in speeds if slower_beyond_noise(s)],
        "queries": len(speeds),
        "ratios": {each.fingerprint: round(each.measured_ratio, 3) for each in speeds},
    }


def _proof(bench: Bench, proposed: tuple[Recommendation, ...]) -> Iterator[Measurement]:
    """Measure, reject, and measure what is left, as `validate` does, until nothing is rejected."""
    changes = proposed
    for number in count(1):
        trial = bench.trial(changes, f"trial {number}")
        yield trial
        measured = Measured(
            results=(),
            speeds=trial.speeds,
            builds=(),
            touched={q.fingerprint: q.uses.base_relations for q in bench.evidence.queries},
            used=trial.used,
            model_relations={},
            sizes={},
        )
        verdicts = judge(changes, measured, {}, 1.0)
        kept = tuple(v.recommendation for v in verdicts if v.decision is Decision.ACCEPT)
        if len(kept) == len(changes):
            return
        changes = kept


if __name__ == "__main__":
    main()
