"""What each part of the label is worth: how well an oracle that knows all sizes can tell it.

`python -m benchmarks.degradation.label_choice --fleet FOLDER`: the same cut-offs, features and
learner under labels that ask for one thing more each; the last one is the product's.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.degradation.ablations import with_the_future
from benchmarks.degradation.judged import judged
from benchmarks.degradation.kept import tables
from benchmarks.degradation.learn import Learned
from benchmarks.degradation.splits import splits
from benchmarks.degradation.table import UNSCORED, Table
from benchmarks.fleet.read import projects
from benchmarks.fleet.records import Run
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import MORE_WORK, NEXT_RUNS, NOTICED_US, SLOWER, SUSTAINED

Label = Callable[[Sequence[Run], int], int]


def time_alone(runs: Sequence[Run], place: int) -> int:
    """Two of the next seven runs are slow and noticed; everything is scored."""
    return _lasts(runs, place, _slow)


def confirmed(runs: Sequence[Run], place: int) -> int:
    """The same, and more work."""
    return _lasts(runs, place, _slow_by_work)


def not_yet(runs: Sequence[Run], place: int) -> int:
    """The same, and what has degraded already is not scored."""
    now = _slow_by_work(runs[place + 1 - RECENT : place + 1], runs[place])
    return UNSCORED if now else confirmed(runs, place)


def _slow(past: Sequence[Run], run: Run) -> bool:
    return run.best_us >= max(SLOWER * median(each.best_us for each in past), NOTICED_US)


def _slow_by_work(past: Sequence[Run], run: Run) -> bool:
    return _slow(past, run) and run.work >= MORE_WORK * median(each.work for each in past)


def _lasts(runs: Sequence[Run], place: int, slow: Callable[[Sequence[Run], Run], bool]) -> int:
    past, future = runs[place + 1 - RECENT : place + 1], runs[place + 1 : place + 1 + NEXT_RUNS]
    if sum(slow(past, run) for run in future) >= SUSTAINED:
        return 1
    return 0 if len(future) == NEXT_RUNS else UNSCORED


LABELS: Mapping[str, Label] = {
    "two of seven runs slower, by time alone": time_alone,
    "and more work": confirmed,
    "and not degraded already": not_yet,
}


def main() -> None:
    """Print a figure for each label."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleet", type=Path, default=KEPT)
    folder: Path = parser.parse_args().fleet
    lines = tables(projects(folder)).all_of
    runs = {project.name: project.runs for project in projects(folder)}
    labelled = {name: _labelled(lines, runs, label) for name, label in LABELS.items()}
    labelled["and no near miss: the product's"] = lines
    json.dump({name: figures(held) for name, held in labelled.items()}, sys.stdout, indent=2)
    print()


def _labelled(
    lines: Table, runs: Mapping[str, Mapping[str, tuple[Run, ...]]], label: Label
) -> Table:
    answers = []
    for subject, run in zip(lines.subject.tolist(), lines.run.tolist(), strict=True):
        project, _, name = lines.subjects[subject].partition("/")
        answers.append(label(runs[project][name], run))
    return replace(lines, degraded=np.array(answers, np.int64))


def figures(lines: Table) -> dict[str, float]:
    """Return what an oracle reaches, on projects that it has not seen."""
    deals = splits(dict(zip(lines.projects, lines.regimes, strict=True)), 1)
    found = judged(lines, deals, Learned(lines, with_the_future)).figures()
    return {
        "query_days": float(lines.scored.sum()),
        "base_rate": float((lines.degraded[lines.scored] == 1).mean()),
        "oracle_pr_auc": found["pr_auc"],
        "oracle_recall_at_1fa": found["recall_at_1fa"],
        "oracle_false_alarms_per_100_weeks": found["false_alarms_per_100_weeks"],
    }


if __name__ == "__main__":
    main()
