"""Tables of cut-offs -> the published figures."""

from functools import cache
from typing import Any

import numpy as np

from benchmarks.degradation.ablations import Wanted, feature, with_the_future, without_lineage
from benchmarks.degradation.examples import BASELINES, SAID
from benchmarks.degradation.judged import Judged, Scorer, gain, judged, tested_lines
from benchmarks.degradation.kept import Tables
from benchmarks.degradation.learn import Learner
from benchmarks.degradation.splits import Split, splits
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats

_SEED = 1


def figures(held: Tables, deals: int) -> dict[str, Any]:
    """Return everything that can be said of predictors that learn; of five deals the first ones."""
    lines = held.all_of
    regimes = dict(zip(lines.projects, lines.regimes, strict=True))
    chosen = splits(regimes, _SEED)[:deals]
    model, oracle, bare = (
        judged(lines, chosen, learned(lines, wanted))
        for wanted in (feature, with_the_future, without_lineage)
    )
    baselines = {name: judged(lines, chosen, baseline(lines, name)) for name in BASELINES}
    best = max(baselines, key=lambda name: (baselines[name].pr_auc(), name))
    return {
        "projects": len(lines.projects),
        "query_days": len(model.rows),
        "base_rate": float(model.rows.degraded.mean()),
        "oracle_pr_auc": oracle.pr_auc(),
        "pr_auc": model.pr_auc(),
        "best_baseline_pr_auc": baselines[best].pr_auc(),
        "best_baseline": best,
        "lineage_gain_ci": gain(model, bare),
        "model": model.figures(),
        "oracle": oracle.figures(),
        "without_lineage": bare.figures(),
        "baselines": {name: each.figures() for name, each in baselines.items()},
        "regimes": by_regime(lines, tested_lines(lines, chosen), model, oracle),
    }


def learned(lines: Table, wanted: Wanted) -> Scorer:
    """Return the plain learner on some columns."""
    columns = lines.columns(wanted)

    @cache
    def learner(split: Split) -> Learner:
        return Learner(lines, lines.of(split.training), columns)

    def score(split: Split, chosen: Flags) -> Floats:
        return learner(split).scores(lines, chosen)

    return score


def baseline(lines: Table, name: str) -> Scorer:
    """Return the chances that a baseline gave; it learns nothing from other projects."""
    chances = lines.column(f"{SAID}{name}_chance")

    def score(_split: Split, chosen: Flags) -> Floats:
        return chances[chosen]

    return score


def by_regime(lines: Table, tested: Flags, *of: Judged) -> dict[str, Any]:
    """Return how each way of scoring does within each regime."""
    regime = np.array(lines.regimes)[lines.project][tested]
    found = {}
    for name in sorted(set(lines.regimes)):
        mine = regime == name
        found[name] = {
            "rows": int(mine.sum()),
            "base_rate": float(of[0].rows.degraded[mine].mean()),
            "pr_auc": [each.where(mine).pr_auc() for each in of],
        }
    return found
