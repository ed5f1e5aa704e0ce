"""A warehouse's own past as examples: each moment, and what was known of its future by when."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.predict.backtest import Fold
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.records.backtests import Amount
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Observation
from dbt_schema_evolve.workflows.past import observed_outcomes

ORIGINS = 3
_MOST_SUBJECTS = 1_000  # chosen by chance: more make training slower, hardly better
_MOST_CASES = 40_000  # likewise: of many subjects not every day is looked at
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


class OwnPast:
    """Every moment after which a subject ran again, up to now."""

    def __init__(self, facts: Facts, group: str, now: datetime) -> None:
        """Look at facts of some subjects, if there are very many; `group` names the warehouse."""
        cases = Cases(_some_subjects(facts))
        self._group, self._now = group, now
        self._runs = {case.subject: case.observations for case in cases.at(now)}
        cutoffs = sorted({run.at for runs in self._runs.values() for run in runs})
        self._ends = cutoffs[:1] + cutoffs[-1:]
        self._cases = [
            case
            for cutoff in _thinned(cutoffs, len(self._runs))
            for case in cases.at(cutoff)
            if len(case.observations) >= RECENT and cutoff - case.observations[-1].at < _DAY
        ]

    def amount(self) -> Amount:
        """Return how much there is to learn from."""
        known = [example.outcome.degraded for example in self.examples(self._now)]
        first, last = self._ends or (self._now, self._now)
        return Amount(
            (last - first) / _DAY, sum(each is not None for each in known), sum(map(bool, known))
        )

    def examples(self, until: datetime, after: datetime | None = None) -> tuple[Example, ...]:
        """Return moments up to an instant with all that is known of their future now."""
        return tuple(self._examples(self._now, until, after))

    def known_at(self, origin: datetime) -> tuple[Example, ...]:
        """Return moments up to an origin with what was known of their future by then."""
        return tuple(self._examples(origin, origin, None))

    def folds(self) -> tuple[Fold, ...]:
        """Return the origins, oldest first, that leave enough before and after them."""
        if not self._ends:
            return ()
        first, last = self._ends
        origins = [last - (2 + back) * _WEEK for back in reversed(range(ORIGINS))]
        return tuple(
            Fold(origin, self.known_at(origin), self.examples(origin + _WEEK, origin))
            for origin in origins
            if origin - first >= 3 * _WEEK
        )

    def _examples(
        self, known_by: datetime, until: datetime, after: datetime | None
    ) -> Iterator[Example]:
        outcomes: dict[str, Mapping[datetime, Outcome]] = {}
        for case in self._cases:
            if case.cutoff > until or (after is not None and case.cutoff <= after):
                continue
            if case.subject not in outcomes:
                outcomes[case.subject] = _outcomes(self._runs[case.subject], known_by)
            outcome = outcomes[case.subject].get(case.observations[-1].at)
            if outcome and (outcome.degraded is not None or outcome.log_ratios):
                yield Example(self._group, case, outcome)


def _outcomes(runs: Sequence[Observation], known_by: datetime) -> Mapping[datetime, Outcome]:
    """Return what was known by an instant of the future of each run."""
    seen = runs[: bisect_right([run.at for run in runs], known_by)]
    return dict(zip((run.at for run in seen), observed_outcomes(seen), strict=True))


def _some_subjects(facts: Facts) -> Facts:
    subjects = {stat.fingerprint for stat in facts.stats} | {run.unique_id for run in facts.runs}
    chosen = set(sorted(subjects, key=lambda each: (crc32(each.encode()), each))[:_MOST_SUBJECTS])
    return replace(
        facts,
        stats=tuple(stat for stat in facts.stats if stat.fingerprint in chosen),
        runs=tuple(run for run in facts.runs if run.unique_id in chosen),
    )


def _thinned(cutoffs: Sequence[datetime], subjects: int) -> list[datetime]:
    """Return the last instant of each day; of every so many days where that is too much."""
    daily = list({at.date(): at for at in cutoffs}.values())
    step = max(-(-len(daily) * subjects // _MOST_CASES), 1)
    return daily[::-step][::-1]
