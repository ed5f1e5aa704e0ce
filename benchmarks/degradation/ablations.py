"""What is taken away to see what it was worth: lineage, a regime, a history."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.degradation.examples import KEPT, SAID
from benchmarks.degradation.judged import Judged, Scorer, tested_lines
from benchmarks.degradation.learn import Learner
from benchmarks.degradation.oracle import PREFIX
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats

Wanted = Callable[[str], bool]

OWN = frozenset(
    (
        *("windows", "days", "days_since_last", "cadence_days", "spilled_share"),
        *("outlook_age_days", "plan_changes", "plan_days_since_change", "plan_log_cost"),
        "plan_fill_ratio",
    )
)
_OWN_SERIES = ("log_us", "log_blocks", "log_temp_blocks", "log_rows", "log_calls")
"""What is known of a subject alone: its times and work, its plan of today. All else
says which rows reach it, how it follows them, who reads it, or what the planner says of sizes to
come, and nobody would know that without lineage."""


def feature(name: str) -> bool:
    """Whether a column is what the product's predictors see."""
    return not name.startswith((PREFIX, SAID, KEPT))


def with_the_future(name: str) -> bool:
    """Whether a column is what the oracle sees."""
    return feature(name) or name.startswith(PREFIX)


def without_lineage(name: str) -> bool:
    """Whether a column is a subject's own, and known without the graph."""
    return name in OWN or name.startswith(_OWN_SERIES)


def unseen(lines: Table, deals: tuple[Split, ...], seen: Judged) -> Judged:
    """Return the same lines, scored by who has met no project of their regime.

    One learner a regime, from the first deal's training projects of the other regimes: a project
    of the regime itself is new to it whichever deal tests it.
    """
    tested = tested_lines(lines, deals)
    scores = np.full(len(lines), np.nan)
    for regime in sorted(set(lines.regimes)):
        own = frozenset(
            name for name, of in zip(lines.projects, lines.regimes, strict=True) if of == regime
        )
        learner = Learner(lines, lines.of(deals[0].training - own), lines.columns(feature))
        theirs = tested & lines.of(own)
        scores[theirs] = learner.scores(lines, theirs)
    return replace(seen, scores=scores[tested])


def with_short_history(
    lines: Table,
    short: Table,
    deals: tuple[Split, ...],
    prior: Callable[[Split, Table, Flags], Floats],
    baselines: Mapping[str, Scorer],
) -> dict[str, Judged]:
    """Return who does how well at one cut-off a week.

    `prior` has never seen the project, and is given its last seven days only, without which there
    is no level; baselines have at least thirty days of it.
    """
    places = {
        (lines.subjects[subject], run): place
        for place, (subject, run) in enumerate(
            zip(lines.subject.tolist(), lines.run.tolist(), strict=True)
        )
    }
    long = np.array(
        [
            places[short.subjects[subject], run]
            for subject, run in zip(short.subject.tolist(), short.run.tolist(), strict=True)
        ],
        np.int64,
    )
    tested = tested_lines(short, deals)
    scores = {name: np.full(len(short), np.nan) for name in ("prior", *baselines)}
    for split in deals:
        mine = short.scored & short.of(split.test)
        scores["prior"][mine] = prior(split, short, mine)
        for name, scorer in baselines.items():
            same = np.zeros(len(lines), bool)
            same[long[mine]] = True
            scores[name][mine] = scorer(split, same)
    rows = short.rows(tested)
    nobody = np.zeros(len(rows), bool)
    return {name: Judged(rows, each[tested], nobody) for name, each in scores.items()}
