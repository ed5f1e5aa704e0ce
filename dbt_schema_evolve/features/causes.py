"""What each feature says, and for which kind of cause it speaks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.features.condition import CHANGES
from dbt_schema_evolve.features.plans import HORIZONS
from dbt_schema_evolve.records.forecasts import CauseKind


@dataclass(frozen=True, slots=True)
class Feature:
    """One named number."""

    name: str
    unit: str
    says: str
    cause: CauseKind | None  # None: it only puts others into context


def cause_of(feature: str) -> CauseKind | None:
    """Return the kind of cause that a feature speaks for; None: it only puts others into context.

    Raises KeyError for a name that is no feature.
    """
    return FEATURES[feature].cause


_GROWTH, _FLIP, _SPILL = CauseKind.GROWTH, CauseKind.PLAN_FLIP, CauseKind.SPILL
_BLOAT, _STALE, _SKEW = CauseKind.BLOAT, CauseKind.STALE_STATISTICS, CauseKind.SKEW
_USAGE, _FLOW, _OWN = CauseKind.USAGE, CauseKind.CHANGED_FLOW, CauseKind.OWN_TREND

# What is told of each series; a level alone moves nothing.
_SERIES = (
    ("log_us", "log(1 µs)", "the time of a call or build", _OWN),
    ("log_blocks", "log(1 + blocks)", "the blocks that a call touches", _OWN),
    ("log_temp_blocks", "log(1 + blocks)", "the temporary blocks of a call", _SPILL),
    ("log_rows", "log(1 + rows)", "the rows of a call, or that a build wrote", _GROWTH),
    ("log_calls", "log(1 + calls)", "the calls of a window", _USAGE),
)
_RETURNING = ("log_us", "log_blocks")


def _features() -> Iterator[Feature]:
    yield from _own()
    yield from _plans()
    yield from _relations()
    yield from _upstream()
    yield from _usage()


def _own() -> Iterator[Feature]:
    for name, unit, what, cause in _SERIES:
        yield Feature(f"{name}_level", unit, f"{what}: median of the last 7", None)
        yield Feature(f"{name}_slope_per_day", "log a day", f"{what}: its robust slope", cause)
        yield Feature(
            f"{name}_short_slope_per_day", "log a day", f"{what}: the slope of the last 7", cause
        )
        yield Feature(f"{name}_volatility", "log", f"{what}: median distance from the line", None)
        yield Feature(
            f"{name}_last_over_level", "log", f"{what}: the last one against the level", cause
        )
        if name in _RETURNING:
            yield Feature(
                f"{name}_peak_over_level", "log", f"{what}: the highest of 30 over the level", None
            )
            yield Feature(
                f"{name}_week_rhythm", "0..1",
                f"{what}: share of the variance that the day of the week explains", None,
            )  # fmt: skip
            yield Feature(
                f"{name}_degraded_share", "0..1",
                f"{what}: how often half as much again as the 7 before", _OWN,
            )  # fmt: skip
    yield Feature("windows", "count", "windows or builds that could be timed", None)
    yield Feature("days", "days", "length of the history", None)
    yield Feature("days_since_last", "days", "since it last ran", None)
    yield Feature("cadence_days", "days", "usually between two runs", None)
    yield Feature("log_calls_per_day", "log(1 + calls)", "calls a day, over all of it", None)
    yield Feature("spilled_share", "0..1", "of the last 30 windows those that spilled", _SPILL)
    yield Feature("critical_path", "0 or 1", "whether all builds wait for this one", None)
    yield Feature("critical_slack_ratio", "0..1", "how much longer it may take, of the chain", None)
    yield Feature("critical_share", "0..1", "its time, of the longest chain's", None)


def _plans() -> Iterator[Feature]:
    yield Feature("outlook_age_days", "days", "since the planner was last asked", None)
    yield Feature("plan_changes", "count", "changes of its plan within 30 days", _FLIP)
    yield Feature("plan_days_since_change", "days", "since its plan last changed", _FLIP)
    yield Feature("plans_so_far", "count", "different plans that it was found to have", None)
    yield Feature(
        "plan_held_share",
        "0..1",
        "of the time since it was first asked, with the plan of now",
        None,
    )
    yield Feature("plan_log_cost", "log", "what the planner says that it costs now", None)
    yield Feature("plan_fill_ratio", "ratio", "its largest sort or hash, of `work_mem`", _SPILL)
    for days in HORIZONS:
        then = f"in {days} days"
        yield Feature(f"plan_log_cost_ratio_{days}", "log", f"cost {then} against now", _GROWTH)
        yield Feature(
            f"plan_differs_{days}", "0 or 1", f"whether its plan is another {then}", _FLIP
        )
        yield Feature(
            f"plan_flips_{days}",
            "0 or 1",
            f"whether it is another {then} and at all later days",
            _FLIP,
        )
        yield Feature(
            f"plan_returns_{days}",
            "0 or 1",
            f"whether its plan {then} is one that it had before",
            None,
        )
        yield Feature(
            f"plan_fill_ratio_{days}", "ratio",
            f"its largest sort or hash {then}, of `work_mem`", _SPILL,
        )  # fmt: skip
        yield Feature(f"plan_spills_{days}", "0 or 1", f"whether it begins to spill {then}", _SPILL)
        yield Feature(
            f"plan_log_row_ratio_{days}", "log",
            f"rows {then} against now, of the relation that grows most", _GROWTH,
        )  # fmt: skip


def _relations() -> Iterator[Feature]:
    yield Feature("relations_read", "count", "stored relations that it reads", None)
    for prefix, which in (
        ("largest", "of the largest relation read"),
        ("driver", "of the driver"),
    ):
        yield Feature(f"{prefix}_log_rows", "log(1 + rows)", f"rows {which}", None)
        yield Feature(f"{prefix}_log_bytes", "log(1 + bytes)", f"size {which}", None)
        yield Feature(
            f"{prefix}_bytes_per_row_over_median", "log",
            f"bytes a row {which}, against their past median", _BLOAT,
        )  # fmt: skip
        yield Feature(f"{prefix}_dead_ratio", "0..1", f"dead rows, of all {which}", _BLOAT)
        yield Feature(
            f"{prefix}_days_since_analyze", "days", f"age of the statistics {which}", _STALE
        )
        yield Feature(
            f"{prefix}_changed_since_analyze_ratio", "ratio",
            f"rows written since, of all {which}", _STALE,
        )  # fmt: skip
        yield Feature(
            f"{prefix}_index_bytes_ratio", "ratio", f"indexes against the table, {which}", None
        )
        for days in CHANGES:
            yield Feature(
                f"{prefix}_log_rows_change_{days}", "log",
                f"change of the rows {which} within {days} days", _GROWTH,
            )  # fmt: skip
            yield Feature(
                f"{prefix}_log_arrived_{days}_over_before",
                "log",
                f"new rows {which} in {days} days against the {days} before",
                _GROWTH,
            )
    yield Feature(
        "driver_growth_ratio_per_day", "share a day", "growth of the driver's rows", _GROWTH
    )
    yield Feature(
        "driver_growth_stderr_ratio_per_day", "share a day", "standard error of that", None
    )
    yield Feature("driver_days", "days", "length of the history that the growth is from", None)
    yield Feature(
        "driver_rows_over_level", "log",
        "rows of the driver against those that the last 7 runs met", _GROWTH,
    )  # fmt: skip
    yield Feature("exponent", "ratio", "percent more time for a percent more rows", None)
    yield Feature("exponent_stderr", "ratio", "standard error of that", None)
    yield Feature("residual_ratio", "log", "scatter of the times around that", None)
    yield Feature(
        "skew_top_value_ratio", "0..1",
        "share of the most frequent value, of the worst column that it filters, joins or groups by",
        _SKEW,
    )  # fmt: skip
    yield Feature("skew_top_value_ratio_per_day", "a day", "how that share moves", _SKEW)


def _upstream() -> Iterator[Feature]:
    most = "of what stirs it most"
    yield Feature("upstream_relations", "count", "stored relations above, known by rows", None)
    yield Feature("upstream_depth", "builds", "the longest way up", None)
    yield Feature("upstream_distance", "builds", "the way to what stirs it most", None)
    yield Feature("upstream_influence", "ratio", f"influence {most}", None)
    yield Feature("upstream_growth_per_day", "log a day", f"growth {most}, by influence", _GROWTH)
    yield Feature("upstream_growth_per_day_sum", "log a day", "the same of all sources", _GROWTH)
    for days in CHANGES:
        yield Feature(
            f"upstream_change_{days}", "log", f"change within {days} days {most}", _GROWTH
        )
    yield Feature("upstream_change_7_sum", "log", "the same of all sources, 7 days", _GROWTH)
    yield Feature(
        "upstream_not_arrived", "log",
        "growth that a build has yet to bring: rows now against those of the last build", _GROWTH,
    )  # fmt: skip
    yield Feature("upstream_not_arrived_sum", "log", "the same of all sources", _GROWTH)
    yield Feature("upstream_stalest_days", "days", "since the oldest build in between", _GROWTH)
    yield Feature("upstream_stalest_cadence_days", "days", "between the builds of that model", None)
    yield Feature("upstream_stalest_due_days", "days", "until its next build is due", None)
    yield Feature(
        "projected_log_rows",
        "log",
        "rows six runs ahead against those of its level, by their pace and the builds to come",
        _GROWTH,
    )
    yield Feature("projected_log_us", "log", "the same times its exponent", _GROWTH)


def _usage() -> Iterator[Feature]:
    yield Feature("fan_in", "count", "relations that it reads", None)
    yield Feature("fan_out", "count", "who reads it: models, queries, consumers", None)
    yield Feature("new_consumers", "count", "consumers that came within 30 days", _USAGE)
    yield Feature("days_since_new_consumer", "days", "since the last one came", _USAGE)
    yield Feature("flow_new_upstream", "count", "new edges into what it reads", _FLOW)
    yield Feature("flow_lost_upstream", "count", "lost edges into what it reads", _FLOW)
    yield Feature("flow_columns_rebuilt", "count", "columns made otherwise than before", _FLOW)
    yield Feature("flow_types_changed", "count", "columns of another type than before", _FLOW)
    yield Feature("flow_materializations_changed", "count", "models materialized otherwise", _FLOW)
    yield Feature("flow_new_readers", "count", "who newly reads what it reads", _USAGE)
    yield Feature("flow_days_since_change", "days", "since anything of that changed", _FLOW)
    yield Feature(
        "flow_days_since_new_code", "days", "since code changed, of it or anything above it", _FLOW
    )


FEATURES: Mapping[str, Feature] = {feature.name: feature for feature in _features()}
