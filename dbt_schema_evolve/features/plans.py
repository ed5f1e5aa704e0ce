"""What the planner says of a subject's future, in the newest outlook before a cut-off."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import isfinite, log

from dbt_schema_evolve.features.timeline import Timeline, days_of
from dbt_schema_evolve.records.outlooks import Outlook

HORIZONS = (7, 14, 30)  # days ahead
_WINDOW_DAYS = 30.0  # in which changes of plan are counted: as long as forecasts look ahead


@dataclass(frozen=True, slots=True)
class Plans:
    """One subject's plans: those of the newest outlook, and how they changed before."""

    made_days: float  # since 1970
    by_horizon: Mapping[int, Outlook]  # 0: now
    before: Sequence[tuple[float, str]]  # when it was asked, and the plan of that day, if known

    def features(self, cutoff: float) -> Mapping[str, float]:
        """Return named numbers; what no outlook says is left out."""
        changed = [day for (_, was), (day, plan) in pairwise(self.before) if plan != was]
        values = {
            "outlook_age_days": cutoff - self.made_days,
            "plan_changes": float(sum(day > cutoff - _WINDOW_DAYS for day in changed)),
        }
        if changed:
            values["plan_days_since_change"] = cutoff - changed[-1]
        plans = [plan for _, plan in self.before]
        now = self.by_horizon.get(0)
        if now is not None:
            values["plan_log_cost"] = log(max(now.estimated_cost, 0.01))
            values["plan_fill_ratio"] = now.estimated_fill_ratio
        if now is not None and now.plan_id:
            values["plans_so_far"] = float(len(set(plans)))
            values["plan_held_share"] = self._held_share(now.plan_id)
        for days in HORIZONS:
            then = self.by_horizon.get(days)
            if then is None:
                continue
            values[f"plan_flips_{days}"] = float(bool(then.flips))
            values[f"plan_fill_ratio_{days}"] = then.estimated_fill_ratio
            values[f"plan_log_row_ratio_{days}"] = log(max(then.row_ratio, 1e-6))
            if now is not None:
                is_other = then.plan_id != now.plan_id
                values[f"plan_differs_{days}"] = float(is_other)
                values[f"plan_returns_{days}"] = float(is_other and then.plan_id in plans)
                values[f"plan_log_cost_ratio_{days}"] = log(max(then.estimated_cost, 0.01)) - log(
                    max(now.estimated_cost, 0.01)
                )
                values[f"plan_spills_{days}"] = float(
                    now.estimated_fill_ratio <= 1 < then.estimated_fill_ratio
                )
        return values

    def _held_share(self, plan_id: str) -> float:
        """Return how much of the time that is looked back on this was the newest plan known."""
        days = [day for day, _ in self.before]
        looked = self.made_days - days[0]
        spans = pairwise([*days, self.made_days])
        held = sum(
            end - day
            for (day, end), (_, plan) in zip(spans, self.before, strict=True)
            if plan == plan_id
        )
        return held / looked if looked > 0 else 1.0


class Outlooks:
    """The outlooks of each subject, over all times."""

    def __init__(self, outlooks: Iterable[Outlook]) -> None:
        """Take outlooks in any order."""
        held: dict[str, dict[datetime, dict[int, Outlook]]] = defaultdict(lambda: defaultdict(dict))
        for outlook in sorted((o for o in outlooks if isfinite(o.horizon_days)), key=_order):
            held[outlook.subject][outlook.made_at][round(outlook.horizon_days)] = outlook
        self._made = {
            subject: Timeline(sorted(made.items(), key=lambda item: item[0]), lambda item: item[0])
            for subject, made in held.items()
        }

    def at(self, subject: str, cutoff: float) -> Plans | None:
        """Return what was known of a subject's plans at a cut-off; None where nothing was."""
        made = self._made[subject].until(cutoff) if subject in self._made else ()
        if not made:
            return None
        before = [
            (days_of(at), by_horizon[0].plan_id)
            for at, by_horizon in made
            if 0 in by_horizon and by_horizon[0].plan_id
        ]
        newest_at, newest = made[-1]
        return Plans(days_of(newest_at), newest, before)


def _order(outlook: Outlook) -> tuple[float | str, ...]:
    """Of two outlooks of one instant and horizon the dearer one counts, whatever their order."""
    cost, fill = outlook.estimated_cost, outlook.estimated_fill_ratio
    return (
        outlook.horizon_days, cost if isfinite(cost) else 0.0, fill if isfinite(fill) else 0.0,
        outlook.plan_id, *outlook.flips,
    )  # fmt: skip
