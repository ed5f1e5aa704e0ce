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

_LINEAGE = (
    *("driver", "exponent", "residual", "projected", "largest", "relations", "upstream"),
    *("fan_", "new_consumers", "critical", "flow", "plan_", "outlook"),
)
"""How names of features begin that nobody could know without lineage: which rows reach a subject,
how it follows them, and what the planner says of it at their forecast sizes."""


def feature(name: str) -> bool:
    """Whether a column is what the product's predictors see."""
    return not name.startswith((PREFIX, SAID, KEPT))


def with_the_future(name: str) -> bool:
    """Whether a column is what the oracle sees."""
    return feature(name) or name.startswith(PREFIX)


def without_lineage(name: str) -> bool:
    """Whether a column is a subject's own, and known without the graph."""
    return feature(name) and not name.startswith(_LINEAGE)


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
