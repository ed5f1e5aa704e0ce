"""A study of a fleet -> the published figures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchmarks.degradation.causes import Named, cause_figures, first_causes
from benchmarks.degradation.coverage import coverage
from benchmarks.degradation.flips import flip_figures
from benchmarks.degradation.judged import gain, loss
from benchmarks.degradation.study import Study
from benchmarks.fleet.records import FleetProject


def figures(study: Study) -> dict[str, Any]:
    """Return everything that can be said without the projects themselves."""
    product, plain, oracle = study.product.figures(), study.plain, study.oracle.figures()
    baselines = {name: each.figures() for name, each in study.baselines.items()}
    best = max(baselines, key=lambda name: (baselines[name]["pr_auc"], name))
    short = study.short
    against = {name: each.pr_auc() for name, each in short.baselines.items()}
    best_long = max(against, key=lambda name: (against[name], name))
    return {
        "projects": len(study.lines.projects),
        "query_days": len(study.product.rows),
        "base_rate": float(study.product.rows.degraded.mean()),
        "oracle_pr_auc": oracle["pr_auc"],
        "pr_auc": product["pr_auc"],
        "best_baseline_pr_auc": baselines[best]["pr_auc"],
        "recall_at_1fa": product["recall_at_1fa"],
        "oracle_recall_at_1fa": oracle["recall_at_1fa"],
        "median_lead_runs": product["median_lead_runs"],
        **coverage(study.lines, study.deals, study.scorer.ends),
        "unseen_regime_loss": 1 - study.strangers.pr_auc() / plain.pr_auc(),
        "unseen_regime_loss_ci": loss(study.strangers, plain),
        # Of one capture of a project that it never saw, against a month or more of its history.
        "prior_pr_auc": short.prior[1].pr_auc(),
        "prior_gain_ci": gain(short.prior[1], short.baselines[best_long]),
        "prior_against": against,
        "prior_by_days": {str(days): each.pr_auc() for days, each in short.prior.items()},
        "prior_coverage_by_days": {
            str(days): coverage(each, study.deals, partial(study.scorer.ends_on, each))[
                "coverage_90"
            ]
            for days, each in study.held.short.items()
        },
        "lineage_gain_ci": gain(plain, study.bare),
        **flip_figures(study.lines, study.deals, study.scorer),
        "best_baseline": best,
        "product": product,
        "oracle": oracle,
        "plain": plain.figures(),
        "without_lineage": study.bare.figures(),
        "baselines": baselines,
        "regimes": by_regime(study),
    }


def by_regime(study: Study) -> dict[str, Any]:
    """Return how each way of scoring does within each regime."""
    regime = np.array(study.lines.regimes)[study.lines.project][study.tested]
    scored = {
        "pr_auc": study.product,
        "oracle_pr_auc": study.oracle,
        "plain_pr_auc": study.plain,
        "unseen_pr_auc": study.strangers,
    }
    return {
        name: {
            "rows": int((regime == name).sum()),
            "base_rate": float(study.product.rows.degraded[regime == name].mean()),
            **{key: each.where(regime == name).pr_auc() for key, each in scored.items()},
        }
        for name in sorted(set(regime.tolist()))
    }


def explained(study: Study, projects: Iterable[FleetProject]) -> Mapping[str, float]:
    """Return how often the first cause of a warning that came true is the one that was injected."""
    warned = _warned(study)
    split_of = {name: split for split in study.deals for name in split.test}
    named: list[Named] = []
    for project in projects:
        if project.name in warned:
            predictor = study.scorer.of(split_of[project.name])
            named += first_causes(project, predictor, warned[project.name])
    return cause_figures(named)


def _warned(study: Study) -> Mapping[str, set[tuple[str, int]]]:
    """Return subjects and runs of true warnings by project."""
    lines, found = study.lines, defaultdict(set)
    true = np.flatnonzero(study.tested)[study.product.alerting & study.product.rows.degraded]
    for row in true:
        project = lines.projects[lines.project[row]]
        subject = lines.subjects[lines.subject[row]].removeprefix(f"{project}/")
        found[project].add((subject, int(lines.run[row])))
    return found
