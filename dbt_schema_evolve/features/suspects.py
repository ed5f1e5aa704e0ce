"""Whom each kind of cause would be about, in the words of a user."""

from collections.abc import Callable, Mapping
from math import exp, expm1

from dbt_schema_evolve.features.circumstances import Circumstances
from dbt_schema_evolve.features.flow_changes import Changed
from dbt_schema_evolve.features.plans import HORIZONS
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.features.upstream import AHEAD, Moves, Reached
from dbt_schema_evolve.records.forecasts import CauseKind, Suspect

Values = Mapping[str, float]

# What is worth a word. Judgements, but for the first: they decide what is said, not what is
# forecast.
_STILL = 0.0005  # growth a day: 1.5 % a month is within the scatter of ANALYZE's counts
_NEARLY_ALL = 0.7  # of the largest movement: growth is told of where it begins
# Times its usual growth, and rows have jumped: a line has soon taken in half of a jump this week.
_BEYOND = 1.5
_TOLD = 0.01  # of the rows: what has yet to arrive is told in whole percent
_BLOATED = 0.1  # log of bytes a row over their median, and share of dead rows
_STALE = 0.1  # share of the rows written since; Postgres' own autovacuum_analyze_scale_factor
_SKEWED = 0.05  # share of the rows that one value takes
_RISING = 0.01  # of that share within the days that growth is drawn ahead
_BUSIER = 0.2  # log of calls over their level
_STEEPEST = 7.0  # log a day: a thousand times; more is of two windows a moment apart
_FILLED = 0.8  # of what work_mem allows


def suspects(around: Circumstances, values: Values) -> tuple[Suspect, ...]:
    """Return at most one suspect a kind, in the order of the kinds."""
    return tuple(suspect for find in _FINDERS if (suspect := find(around, values)) is not None)


def _growth(around: Circumstances, _: Values) -> Suspect | None:
    origin = _origin(around)
    if origin is None or _deployed(origin, around) is not None:
        return None
    return Suspect(CauseKind.GROWTH, origin.node, _movement(origin, around))


def _origin(around: Circumstances) -> Reached | None:
    """Return where the growth begins that stirs a subject most."""
    moving = [
        each
        for each in around.reached
        if each.movement >= _STILL * AHEAD and _has_grown(each, around)
    ]
    most = max((each.movement for each in moving), default=0.0)
    enough = [each for each in moving if each.movement >= _NEARLY_ALL * most]
    return max(enough, key=lambda each: (len(each.via), each.movement, each.node), default=None)


def _has_grown(reached: Reached, around: Circumstances) -> bool:
    """Fewer rows make nothing slower."""
    waiting = 0.0 if around.wait is None else reached.not_arrived or 0.0
    return max(reached.moves.per_day, reached.moves.change_7) > 0 or waiting >= _TOLD


def _deployed(origin: Reached, around: Circumstances) -> Changed | None:
    """Return the new code by which rows have jumped that nothing above them explains."""
    code = around.new_code.get(origin.node)
    is_recent = code is not None and around.cutoff - days_of(code.at) <= AHEAD
    return code if is_recent and _have_jumped(origin.moves) else None


def _have_jumped(moves: Moves) -> bool:
    return moves.change_7 > _BEYOND * AHEAD * max(moves.per_day, 0.0)


def _movement(origin: Reached, around: Circumstances) -> str:
    name, moves = f"`{origin.relation}`", origin.moves
    through = " and ".join(f"`{around.names.get(node, node)}`" for node in reversed(origin.via))
    usual = _BEYOND * max(moves.per_day, 0.0)
    waiting = origin.not_arrived or 0.0
    if around.wait is not None and waiting >= max(_TOLD, usual * around.wait.age_days):
        model = around.names.get(around.wait.node, around.wait.node)
        return (
            f"{name} has {_times(waiting)} since `{model}` was last built,"
            f" {_days(around.wait.age_days)} ago"
        )
    if _have_jumped(moves):
        said = f"{name} has {_times(moves.change_7)} within {AHEAD:.0f} days"
    else:
        said = f"{name} grows {100 * expm1(moves.per_day):.1f} % a day"
    return f"{said} and reaches it through {through}" if through else said


def _times(log_ratio: float) -> str:
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
    share = written(found)
    many = f"{100 * share:.0f} % of" if share < 1 else f"{share:.1f} times"
    return Suspect(
        CauseKind.STALE_STATISTICS, around.node(relation),
        f"`{relation}` was last analyzed {_days(found['days_since_analyze'])} ago;"
        f" {many} its rows were written since",
    )  # fmt: skip


def _skew(around: Circumstances, _: Values) -> Suspect | None:
    skew = around.skew
    if skew is None or skew.top_value_ratio < _SKEWED:
        return None
    if (skew.ratio_per_day or 0.0) * AHEAD <= _RISING * skew.top_value_ratio:
        return None  # what has been so all along makes nothing slower than it is
    column = skew.column
    return Suspect(
        CauseKind.SKEW, around.node(column.relation),
        f"{100 * skew.top_value_ratio:.0f} % of the rows of `{column.relation}` share one value of"
        f" `{column.column}`, and rising",
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


def _changed_flow(around: Circumstances, _: Values) -> Suspect | None:
    origin, changed = _origin(around), around.changed
    code = None if origin is None else _deployed(origin, around)
    if origin is not None and code is not None:
        who = "it" if code.node == origin.node else f"`{origin.relation}`"
        moved = f"{who} has {_times(origin.moves.change_7)} within {AHEAD:.0f} days"
        said = f"{_change(code, around)}, and {moved}"
        return Suspect(CauseKind.CHANGED_FLOW, code.node, said, brings_rows=True)
    if changed is None:
        return None
    where = ", upstream of it" if changed.distance else ""
    return Suspect(CauseKind.CHANGED_FLOW, changed.node, f"{_change(changed, around)}{where}")


def _change(changed: Changed, around: Circumstances) -> str:
    is_own = changed.node == around.subject.name
    name = f"`{around.names.get(changed.node, changed.node)}`"
    then = f"on {changed.at.day} {changed.at:%B}"
    if not changed.is_code:
        return f"{'it' if is_own else name} was made otherwise {then}"
    return f"{'its code' if is_own else f'the code of {name}'} changed {then}"


def _own_trend(_: Circumstances, values: Values) -> Suspect | None:
    slope = values.get("log_us_slope_per_day")
    if slope is None:
        return None
    if slope < _STILL:
        return Suspect(CauseKind.OWN_TREND, "", "its own times vary")
    share = expm1(min(slope, _STEEPEST))
    return Suspect(CauseKind.OWN_TREND, "", f"it takes {100 * share:.1f} % longer each day")


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
