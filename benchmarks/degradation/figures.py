"""Tables of cut-offs -> the published figures."""

from typing import Any

import numpy as np

from benchmarks.degradation.ablations import (
    feature,
    unseen,
    with_short_history,
    with_the_future,
    without_lineage,
)
from benchmarks.degradation.examples import BASELINES, SAID
from benchmarks.degradation.judged import Judged, Scorer, gain, judged, loss, tested_lines
from benchmarks.degradation.kept import Tables
from benchmarks.degradation.learn import Learned
from benchmarks.degradation.splits import Split, splits
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats

_SEED = 1


def figures(held: Tables, deals: int) -> dict[str, Any]:
    """Return everything that can be said of predictors that learn; of five deals the first ones."""
    lines = held.all_of
    regimes = dict(zip(lines.projects, lines.regimes, strict=True))
    chosen = splits(regimes, _SEED)[:deals]
    learned = Learned(lines, feature)
    model = judged(lines, chosen, learned)
    oracle = judged(lines, chosen, Learned(lines, with_the_future))
    bare = judged(lines, chosen, Learned(lines, without_lineage))
    scorers = {name: baseline(lines, name) for name in BASELINES}
    baselines = {name: judged(lines, chosen, scorer) for name, scorer in scorers.items()}
    best = max(baselines, key=lambda name: (baselines[name].pr_auc(), name))
    short = with_short_history(lines, held.short, chosen, learned, scorers)
    strangers = unseen(lines, chosen, model)
    found = model.figures()
    return {
        "projects": len(lines.projects),
        "query_days": len(model.rows),
        "base_rate": float(model.rows.degraded.mean()),
        "oracle_pr_auc": oracle.pr_auc(),
        "pr_auc": found["pr_auc"],
        "best_baseline_pr_auc": baselines[best].pr_auc(),
        "recall_at_1fa": found["recall_at_1fa"],
        "oracle_recall_at_1fa": oracle.figures()["recall_at_1fa"],
        "median_lead_runs": found["median_lead_runs"],
        "unseen_regime_loss": 1 - strangers.pr_auc() / model.pr_auc(),
        "unseen_regime_loss_ci": loss(strangers, model),
        "prior_pr_auc": short["prior"].pr_auc(),
        "prior_against": {name: each.pr_auc() for name, each in short.items() if name != "prior"},
        "lineage_gain_ci": gain(model, bare),
        "best_baseline": best,
        "model": found,
        "oracle": oracle.figures(),
        "without_lineage": bare.figures(),
        "baselines": {name: each.figures() for name, each in baselines.items()},
        "regimes": by_regime(lines, tested_lines(lines, chosen), model, oracle, strangers),
    }


def baseline(lines: Table, name: str) -> Scorer:
    """Return the chances that a baseline gave; it learns nothing from other projects."""
    chances = lines.column(f"{SAID}{name}_chance")

    def score(_split: Split, chosen: Flags) -> Floats:
        return chances[chosen]

    return score


def by_regime(
    lines: Table, tested: Flags, model: Judged, oracle: Judged, strangers: Judged
) -> dict[str, Any]:
    """Return how each way of scoring does within each regime."""
    regime = np.array(lines.regimes)[lines.project][tested]
    found = {}
    for name in sorted(set(lines.regimes)):
        mine = regime == name
        if not mine.any():
            continue
        found[name] = {
            "rows": int(mine.sum()),
            "base_rate": float(model.rows.degraded[mine].mean()),
            "pr_auc": model.where(mine).pr_auc(),
            "oracle_pr_auc": oracle.where(mine).pr_auc(),
            "unseen_pr_auc": strangers.where(mine).pr_auc(),
        }
    return found
