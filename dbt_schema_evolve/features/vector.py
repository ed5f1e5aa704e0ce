"""Named numbers about one subject, for predictors that learn; docs/features.md says each."""

from collections.abc import Mapping, Sequence
from math import isfinite, log, log1p

import numpy as np

from dbt_schema_evolve.features.circumstances import Circumstances
from dbt_schema_evolve.features.lines import middle
from dbt_schema_evolve.features.series import RECENT, rhythm_features, series_features
from dbt_schema_evolve.features.skew import Skew
from dbt_schema_evolve.features.subjects import Subject
from dbt_schema_evolve.features.upstream import Reached, Wait
from dbt_schema_evolve.records.forecasts import Driver

_MAX_POINTS = 90  # the newest windows; older ones say little about the next month
_RETURNING = frozenset({"log_us", "log_blocks"})  # in which peaks and rhythms are looked for
_SPILLS = 30  # windows among which those that spilled are counted


def feature_values(around: Circumstances) -> Mapping[str, float]:
    """Return what is known; a number that is not known is left out, not made up."""
    values = {
        "relations_read": float(len(around.relations)),
        **own_features(around.subject, around.count, around.cutoff),
        **around.usage.features(),
        **around.flow,
        **upstream_features(around.reached, around.wait),
    }
    if around.relations:
        largest = around.conditions.get(around.relations[0], {})
        values |= {f"largest_{name}": value for name, value in largest.items()}
    if around.driver is not None:
        driven = around.conditions.get(around.driver.relation, {})
        values |= {f"driver_{name}": value for name, value in driven.items()}
        values |= driver_features(around.driver)
    values |= projected(around.reached, around.driver)
    if around.plans is not None:
        values |= around.plans.features(around.cutoff)
    if around.skew is not None:
        values |= skew_features(around.skew)
    if around.place is not None:
        values |= around.place.features()
    return {name: value for name, value in sorted(values.items()) if isfinite(value)}


def own_features(subject: Subject, count: int, cutoff: float) -> Mapping[str, float]:
    """Describe the times and the work of the first so many observations."""
    days = subject.days[:count]
    newest = slice(max(count - _MAX_POINTS, 0), count)
    values: dict[str, float] = {
        "windows": float(np.isfinite(subject.log_us[:count]).sum()),
        "days": cutoff - float(days[0]),
        "days_since_last": cutoff - float(days[-1]),
    }
    cadence = subject.cadence(count)
    if cadence is not None:
        values["cadence_days"] = cadence
    series = {
        "log_us": subject.log_us[newest],
        "log_blocks": subject.log_blocks[newest],
        "log_temp_blocks": subject.log_temp_blocks[newest],
        "log_rows": subject.log_rows[newest],
    }
    if not subject.is_build:
        calls = float(subject.calls[:count].sum())
        values["log_calls_per_day"] = log1p(calls / max(values["days"], 1.0))
        series["log_calls"] = np.log1p(subject.calls[newest])
    for name, numbers in series.items():
        there = np.isfinite(numbers)
        if there.any():
            values |= series_features(name, days[newest][there], numbers[there])
            if name in _RETURNING:
                values |= rhythm_features(name, days[newest][there], numbers[there])
    spilled = subject.log_temp_blocks[newest]
    spilled = spilled[np.isfinite(spilled)][-_SPILLS:]
    if len(spilled):
        values["spilled_share"] = float((spilled > 0).mean())
    return values


def driver_features(driver: Driver) -> Mapping[str, float]:
    """Describe the relation whose rows explain the times best."""
    rows = max(driver.growth.rows, 1)
    seen = np.sort(driver.rows[-RECENT:])
    return {
        "driver_growth_ratio_per_day": driver.growth.ratio_per_day,
        "driver_growth_stderr_ratio_per_day": driver.growth.stderr_rows_per_day / rows,
        "driver_days": driver.growth.days,
        "driver_rows_over_level": log(rows / max(middle(seen), 1.0)),
        "exponent": driver.elasticity.exponent,
        "exponent_stderr": driver.elasticity.stderr,
        "residual_ratio": driver.elasticity.residual_ratio,
    }


def skew_features(skew: Skew) -> Mapping[str, float]:
    """Describe the most skewed of the columns that decide about the rows."""
    values = {"skew_top_value_ratio": skew.top_value_ratio}
    if skew.ratio_per_day is not None:
        values["skew_top_value_ratio_per_day"] = skew.ratio_per_day
    return values


def upstream_features(reached: Sequence[Reached], wait: Wait | None) -> Mapping[str, float]:
    """Describe what is above a subject; the first of `reached` stirs it most."""
    if not reached:
        return {}
    most = reached[0]
    roots = [each for each in reached if each.is_root]
    values = {
        "upstream_relations": float(len(reached)),
        "upstream_depth": float(max(len(each.via) for each in reached)),
        "upstream_distance": float(len(most.via)),
        "upstream_influence": most.influence,
    }
    if any(each.is_followed for each in reached):
        values |= {
            "upstream_growth_per_day": most.influence * most.moves.per_day,
            "upstream_growth_per_day_sum": sum(e.influence * e.moves.per_day for e in roots),
            "upstream_change_1": most.influence * most.moves.change_1,
            "upstream_change_3": most.influence * most.moves.change_3,
            "upstream_change_7": most.influence * most.moves.change_7,
            "upstream_change_7_sum": sum(e.influence * e.moves.change_7 for e in roots),
        }
    waiting = [each for each in reached if each.not_arrived is not None]
    if waiting:
        arriving = [each.influence * (each.not_arrived or 0.0) for each in waiting]
        values["upstream_not_arrived"] = max(arriving, key=abs)
        values["upstream_not_arrived_sum"] = sum(
            each.influence * (each.not_arrived or 0.0) for each in waiting if each.is_root
        )
    if wait is not None:
        values["upstream_stalest_days"] = wait.age_days
        if wait.cadence_days is not None:
            values["upstream_stalest_cadence_days"] = wait.cadence_days
            values["upstream_stalest_due_days"] = max(wait.cadence_days - wait.age_days, 0.0)
    return values


def projected(reached: Sequence[Reached], driver: Driver | None) -> Mapping[str, float]:
    """Draw what has come, what builds are about to bring, and what will come six runs ahead."""
    roots = [each for each in reached if each.is_root]
    if not any(each.is_followed for each in roots):
        return {}
    rows = sum(each.influence * each.ahead for each in roots)
    if driver is None:
        return {"projected_log_rows": rows}
    return {"projected_log_rows": rows, "projected_log_us": driver.elasticity.exponent * rows}
