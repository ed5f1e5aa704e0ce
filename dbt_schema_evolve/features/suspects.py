"""Whom each kind of cause would be about, in the words of a user."""

from collections.abc import Callable, Mapping
from math import exp, expm1

from dbt_schema_evolve.features.circumstances import Circumstances
from dbt_schema_evolve.features.plans import HORIZONS
from dbt_schema_evolve.features.upstream import AHEAD, Reached
from dbt_schema_evolve.records.forecasts import CauseKind, Suspect

Values = Mapping[str, float]

# What is worth a word. Judgements, but for the first: they decide what is said, not what is
# forecast.
_STILL = 0.0005  # growth a day: 1.5 % a month is within the scatter of ANALYZE's counts
_NEARLY_ALL = 0.7  # of the largest movement: growth is told of where it begins
_BEYOND = 2.0  # times its usual growth, and rows have jumped
_BLOATED = 0.1  # log of bytes a row over their median, and share of dead rows
_STALE = 0.1  # share of the rows written since; Postgres' own autovacuum_analyze_scale_factor
_SKEWED = 0.05  # share of the rows that one value takes
_BUSIER = 0.2  # log of calls over their level
_STEEPEST = 20.0  # log of a growth a day: two runs of one second make a line as steep as one likes
_FILLED = 0.8  # of what work_mem allows


def suspects(around: Circumstances, values: Values) -> tuple[Suspect, ...]:
    """Return at most one suspect a kind, in the order of the kinds."""
    return tuple(suspect for find in _FINDERS if (suspect := find(around, values)) is not None)


def _growth(around: Circumstances, _: Values) -> Suspect | None:
    moving = [each for each in around.reached if each.movement >= _STILL * AHEAD]
    if not moving:
        return None
    most = max(each.movement for each in moving)
    enough = [each for each in moving if each.movement >= _NEARLY_ALL * most]
    origin = max(enough, key=lambda each: (len(each.via), each.movement, each.node))
    return Suspect(CauseKind.GROWTH, origin.node, _movement(origin, around))


def _movement(origin: Reached, around: Circumstances) -> str:
    name, moves = f"`{origin.relation}`", origin.moves
    through = " and ".join(f"`{around.names.get(node, node)}`" for node in reversed(origin.via))
    waiting = origin.not_arrived or 0.0
    if (
        around.wait is not None
        and abs(waiting) > _BEYOND * abs(moves.per_day) * around.wait.age_days
    ):
        model = around.names.get(around.wait.node, around.wait.node)
        return (
            f"{name} has {_times(waiting)} since `{model}` was last built,"
            f" {_days(around.wait.age_days)} ago"
        )
    if abs(moves.change_7) > _BEYOND * AHEAD * abs(moves.per_day):
        said = f"{name} has {_times(moves.change_7)} within {AHEAD:.0f} days"
    else:
        verb = "grows" if moves.per_day > 0 else "shrinks"
        said = f"{name} {verb} {100 * abs(expm1(moves.per_day)):.1f} % a day"
    return f"{said} and reaches it through {through}" if through else said


def _times(log_ratio: float) -> str:
    if log_ratio < 0:
        return f"shrunk to {100 * exp(log_ratio):.0f} %"
    if log_ratio < 0.4:
        return f"grown by {100 * expm1(log_ratio):.0f} %"
    return f"grown {exp(log_ratio):.1f} times"


def _days(days: float) -> str:
    return "a day" if 0.75 <= days < 1.5 else f"{days:.0f} days" if days >= 1.5 else "hours"


def _plan_flip(around: Circumstances, values: Values) -> Suspect | None:
    if around.plans is None:
        return None
    for days in HORIZONS:
        then = around.plans.by_horizon.get(days)
        if then is not None and then.flips:
            return Suspect(
                CauseKind.PLAN_FLIP, "", f"within {days} days its plan changes: {then.flips[0]}"
            )
    if values.get("plan_changes", 0.0) > 0:
        since = _days(values["plan_days_since_change"])
        return Suspect(CauseKind.PLAN_FLIP, "", f"its plan changed {since} ago")
    return None


def _spill(_: Circumstances, values: Values) -> Suspect | None:
    if values.get("plan_fill_ratio", 0.0) > 1 or values.get("spilled_share", 0.0) > 0.5:
        return Suspect(CauseKind.SPILL, "", "it sorts or hashes more than `work_mem` holds already")
    for days in HORIZONS:
        fill = values.get(f"plan_fill_ratio_{days}", 0.0)
        if fill >= _FILLED:
            return Suspect(
                CauseKind.SPILL, "",
                f"in {days} days it sorts or hashes {100 * fill:.0f} % of what `work_mem` holds",
            )  # fmt: skip
    if values.get("spilled_share", 0.0) > 0:
        return Suspect(CauseKind.SPILL, "", "it has begun to write temporary files")
    return None


def _bloat(around: Circumstances, _: Values) -> Suspect | None:
    def swollen(found: Mapping[str, float]) -> float:
        return max(found.get("bytes_per_row_over_median", 0.0), found.get("dead_ratio", 0.0))

    relation = max(
        around.conditions, key=lambda each: (swollen(around.conditions[each]), each), default=None
    )
    if relation is None or swollen(around.conditions[relation]) < _BLOATED:
        return None
    found = around.conditions[relation]
    said = []
    over = found.get("bytes_per_row_over_median", 0.0)
    if over >= _BLOATED:
        said.append(f"takes {exp(over):.1f} times its usual bytes a row")
    if found.get("dead_ratio", 0.0) >= _BLOATED:
        said.append(f"has {100 * found['dead_ratio']:.0f} % dead rows")
    return Suspect(CauseKind.BLOAT, around.node(relation), f"`{relation}` {' and '.join(said)}")


def _stale(around: Circumstances, _: Values) -> Suspect | None:
    def written(found: Mapping[str, float]) -> float:
        return found.get("changed_since_analyze_ratio", 0.0)

    relation = max(
        around.conditions, key=lambda each: (written(around.conditions[each]), each), default=None
    )
    if relation is None or written(around.conditions[relation]) < _STALE:
        return None
    found = around.conditions[relation]
    return Suspect(
        CauseKind.STALE_STATISTICS, around.node(relation),
        f"`{relation}` was last analyzed {_days(found['days_since_analyze'])} ago;"
        f" {100 * written(found):.0f} % of its rows were written since",
    )  # fmt: skip


def _skew(around: Circumstances, _: Values) -> Suspect | None:
    skew = around.skew
    if skew is None or skew.top_value_ratio < _SKEWED:
        return None
    column = skew.column
    rising = ", and rising" if skew.ratio_per_day * AHEAD > 0.01 * skew.top_value_ratio else ""
    return Suspect(
        CauseKind.SKEW, around.node(column.relation),
        f"{100 * skew.top_value_ratio:.0f} % of the rows of `{column.relation}` share one value of"
        f" `{column.column}`{rising}",
    )  # fmt: skip


def _usage(around: Circumstances, values: Values) -> Suspect | None:
    newest = around.usage.newest
    if newest is not None and around.usage.newest_days is not None:
        since = _days(around.usage.newest_days)
        return Suspect(CauseKind.USAGE, newest.id, f"`{newest.name}` has read it for {since}")
    busier = values.get("log_calls_last_over_level", 0.0)
    if busier >= _BUSIER:
        return Suspect(
            CauseKind.USAGE, "", f"it is called {exp(busier):.1f} times as often as last week"
        )
    return None


def _changed_flow(around: Circumstances, values: Values) -> Suspect | None:
    if around.changed is None or "flow_days_since_change" not in values:
        return None
    _, node = around.changed
    name = "it" if node == around.subject.name else f"`{around.names.get(node, node)}`"
    since = _days(values["flow_days_since_change"])
    return Suspect(CauseKind.CHANGED_FLOW, node, f"{name} was made otherwise {since} ago")


def _own_trend(_: Circumstances, values: Values) -> Suspect | None:
    slope = values.get("log_us_slope_per_day", 0.0)
    if abs(slope) < _STILL:
        return Suspect(CauseKind.OWN_TREND, "", "its own times vary")
    verb = "longer" if slope > 0 else "less"
    return Suspect(
        CauseKind.OWN_TREND,
        "",
        f"it takes {100 * abs(expm1(min(slope, _STEEPEST))):.1f} % {verb} each day",
    )


_FINDERS: tuple[Callable[[Circumstances, Values], Suspect | None], ...] = (
    _growth,
    _plan_flip,
    _spill,
    _bloat,
    _stale,
    _skew,
    _usage,
    _changed_flow,
    _own_trend,
)
