"""All cut-offs of all projects as columns, small enough to keep and to learn from many times."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.degradation.watch import Flags, Ints, Rows
from dbt_schema_evolve.features.plans import HORIZONS
from dbt_schema_evolve.predict.labels import FARTHEST_DAYS
from dbt_schema_evolve.records.examples import Outcome

UNSCORED = -1
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Line:
    """One subject at one cut-off: what is known of it, and what came of it."""

    subject: str
    run: int  # of the subject, counted from its first
    day: int
    outcome: Outcome
    values: Mapping[str, float]  # features, and what else is kept, with a prefix


@dataclass(frozen=True, slots=True)
class Table:
    """Lines ordered by project, subject and run."""

    projects: tuple[str, ...]
    regimes: tuple[str, ...]  # of the projects
    subjects: tuple[str, ...]  # `project/subject`
    names: tuple[str, ...]  # of the columns of `values`
    project: Ints  # a place in `projects`
    subject: Ints
    run: Ints
    day: Ints
    degraded: Ints  # 1, 0, UNSCORED
    runs_until: Ints  # 0: never, as far as was seen
    log_ratios: Values  # by days ahead from 1; nan: nothing ran
    flipped: Ints  # by horizon of the look ahead; 1, 0, UNSCORED
    values: Values  # nan: not known

    def __len__(self) -> int:
        return len(self.run)

    @property
    def scored(self) -> Flags:
        """Where the label says something."""
        return self.degraded != UNSCORED

    def of(self, projects: Iterable[str]) -> Flags:
        """Return which lines are of some projects."""
        wanted = frozenset(projects)
        return np.array([name in wanted for name in self.projects], bool)[self.project]

    def columns(self, wanted: Callable[[str], bool]) -> list[int]:
        """Return the places of some columns."""
        return [place for place, name in enumerate(self.names) if wanted(name)]

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column; one that the table has not got is not known."""
        if name not in self.names:
            return np.full(len(self), np.nan)
        return self.values[:, self.names.index(name)].astype(float)

    def rows(self, chosen: Flags) -> Rows:
        """Return scored lines as they are counted."""
        return Rows(
            self.project[chosen],
            self.subject[chosen],
            self.run[chosen],
            self.degraded[chosen] == 1,
            self.runs_until[chosen],
        )


def table(project: str, regime: str, lines: Sequence[Line]) -> Table:
    """Put one project's lines together."""
    ordered = sorted(lines, key=lambda line: (line.subject, line.run))
    names = tuple(sorted({name for line in ordered for name in line.values}))
    subjects = sorted({line.subject for line in ordered})
    place = {name: number for number, name in enumerate(names)}
    values = np.full((len(ordered), len(names)), np.nan, np.float32)
    ratios = np.full((len(ordered), FARTHEST_DAYS), np.nan, np.float32)
    flipped = np.full((len(ordered), len(HORIZONS)), UNSCORED, np.int64)
    for row, line in enumerate(ordered):
        for name, value in line.values.items():
            values[row, place[name]] = value
        for ahead, ratio in line.outcome.log_ratios.items():
            ratios[row, ahead - 1] = ratio
        for ahead, came in line.outcome.flipped.items():
            flipped[row, HORIZONS.index(ahead)] = came

    def column(of: Callable[[Line], int]) -> Ints:
        return np.array([of(line) for line in ordered], np.int64)

    return Table(
        projects=(project,),
        regimes=(regime,),
        subjects=tuple(f"{project}/{subject}" for subject in subjects),
        names=names,
        project=column(lambda _: 0),
        subject=column(lambda line: subjects.index(line.subject)),
        run=column(lambda line: line.run),
        day=column(lambda line: line.day),
        degraded=column(lambda line: _label(line.outcome)),
        runs_until=column(lambda line: line.outcome.runs_until or 0),
        log_ratios=ratios,
        flipped=flipped,
        values=values,
    )


def _label(outcome: Outcome) -> int:
    return UNSCORED if outcome.degraded is None else int(outcome.degraded)


def joined(tables: Iterable[Table]) -> Table:
    """Return several projects as one table, in the order of their names."""
    held = sorted(tables, key=lambda each: each.projects)
    names = tuple(sorted({name for each in held for name in each.names}))
    counted = 0
    parts = []
    for number, each in enumerate(held):
        values = np.full((len(each), len(names)), np.nan, np.float32)
        values[:, [names.index(name) for name in each.names]] = each.values
        parts.append(
            replace(
                each, project=each.project + number, subject=each.subject + counted, values=values
            )
        )
        counted += len(each.subjects)
    columns = {
        column.name: np.concatenate([getattr(part, column.name) for part in parts])
        for column in fields(Table)
        if isinstance(getattr(held[0], column.name), np.ndarray)
    }
    return Table(
        projects=tuple(name for each in held for name in each.projects),
        regimes=tuple(name for each in held for name in each.regimes),
        subjects=tuple(name for each in held for name in each.subjects),
        names=names,
        **columns,
    )


def save(path: Path, held: Table) -> None:
    """Write a table, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_suffix(".part.npz")
    np.savez_compressed(partly, **{each.name: getattr(held, each.name) for each in fields(Table)})
    partly.rename(path)


def load(path: Path) -> Table:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as held:
        return Table(
            **{
                each.name: tuple(map(str, held[each.name]))
                if each.type == tuple[str, ...]
                else held[each.name]
                for each in fields(Table)
            }
        )
