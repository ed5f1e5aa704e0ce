"""Everybody who is compared, on the same lines: each made when it is first asked for."""

from collections.abc import Mapping
from functools import cached_property

from benchmarks.degradation.ablations import (
    ShortHistory,
    feature,
    unseen,
    with_short_history,
    with_the_future,
    without_lineage,
)
from benchmarks.degradation.examples import BASELINES, SAID
from benchmarks.degradation.judged import Judged, Scorer, judged, tested_lines
from benchmarks.degradation.kept import Tables
from benchmarks.degradation.learn import Learned
from benchmarks.degradation.product import Product
from benchmarks.degradation.splits import Split, splits
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats

_SEED = 1


class Study:
    """One fleet's tables, dealt out."""

    def __init__(self, held: Tables, deals: int) -> None:
        """Take how many of the five deals are to be looked at."""
        self.held, self.lines = held, held.all_of
        regimes = dict(zip(self.lines.projects, self.lines.regimes, strict=True))
        self.deals: tuple[Split, ...] = splits(regimes, _SEED)[:deals]
        self.scorer = Product(self.lines, held.short, self.deals)
        self._plain = Learned(self.lines, feature)

    @property
    def tested(self) -> Flags:
        """The lines that all figures are about."""
        return tested_lines(self.lines, self.deals)

    @cached_property
    def product(self) -> Judged:
        """What ships."""
        return judged(self.lines, self.deals, self.scorer)

    @cached_property
    def plain(self) -> Judged:
        """The untuned learner: what ablations are compared with."""
        return judged(self.lines, self.deals, self._plain)

    @cached_property
    def oracle(self) -> Judged:
        """The same learner, told the sizes to come."""
        return judged(self.lines, self.deals, Learned(self.lines, with_the_future))

    @cached_property
    def bare(self) -> Judged:
        """The same learner, told nothing that lineage knows."""
        return judged(self.lines, self.deals, Learned(self.lines, without_lineage))

    @cached_property
    def strangers(self) -> Judged:
        """The same learner, met no project of the regime."""
        return unseen(self.lines, self.deals, self.plain)

    @cached_property
    def baselines(self) -> Mapping[str, Judged]:
        """Those that learn nothing."""
        return {name: judged(self.lines, self.deals, scorer) for name, scorer in self._said.items()}

    @cached_property
    def short(self) -> ShortHistory:
        """What ships, with a few days of history; against baselines with a month or more."""
        return with_short_history(
            self.lines, self.held.short, self.deals, self.scorer.on, self._said
        )

    @property
    def _said(self) -> Mapping[str, Scorer]:
        return {name: _said(self.lines, name) for name in BASELINES}


def _said(lines: Table, name: str) -> Scorer:
    """Return the chances that a baseline gave; it learns nothing from other projects."""
    chances = lines.column(f"{SAID}{name}_chance")

    def score(_split: Split, chosen: Flags) -> Floats:
        return chances[chosen]

    return score
