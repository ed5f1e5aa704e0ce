"""What is taken away to see what it was worth: lineage, a regime, a history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks.degradation.examples import KEPT, LONG_DAYS, SAID
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


@dataclass(frozen=True, slots=True)
class ShortHistory:
    """Who does how well at one cut-off in five days; all at the same ones."""

    prior: Mapping[int, Judged]  # by the days that it was let see; it never saw the project before
    baselines: Mapping[str, Judged]  # with thirty days or more


def with_short_history(
    lines: Table,
    short: Mapping[int, Table],
    deals: tuple[Split, ...],
    prior: Callable[[Split, Table, Flags], Floats],
    baselines: Mapping[str, Scorer],
) -> ShortHistory:
    """Compare who has next to no history with those who have thirty days of it."""
    places = {
        (lines.subjects[subject], run): place
        for place, (subject, run) in enumerate(
            zip(lines.subject.tolist(), lines.run.tolist(), strict=True)
        )
    }

    def score(held: Table, scorer: Callable[[Split, Flags], Floats]) -> Judged:
        tested = tested_lines(held, deals) & (held.day >= LONG_DAYS)
        scores = np.full(len(held), np.nan)
        for split in deals:
            mine = tested & held.of(split.test)
            scores[mine] = scorer(split, mine)
        rows = held.rows(tested)
        return Judged(rows, scores[tested], np.zeros(len(rows), bool))

    held = short[min(short)]
    long = np.array(
        [
            places[held.subjects[subject], run]
            for subject, run in zip(held.subject.tolist(), held.run.tolist(), strict=True)
        ],
        np.int64,
    )

    def at_the_same(scorer: Scorer, split: Split, mine: Flags) -> Floats:
        same = np.zeros(len(lines), bool)
        same[long[mine]] = True
        return scorer(split, same)

    return ShortHistory(
        {days: score(each, partial(_on, prior, each)) for days, each in sorted(short.items())},
        {name: score(held, partial(at_the_same, each)) for name, each in baselines.items()},
    )


def _on(
    prior: Callable[[Split, Table, Flags], Floats], held: Table, split: Split, chosen: Flags
) -> Floats:
    return prior(split, held, chosen)
