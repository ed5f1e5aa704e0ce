"""Larger types for columns that will be full: what an alarm asks for, table by table."""

from collections import defaultdict
from collections.abc import Iterator
from math import floor

from dbt_schema_evolve.recommend.ownership import by_hand, owner
from dbt_schema_evolve.recommend.smaller_types import MIN_HEADROOM_DAYS
from dbt_schema_evolve.recommend.type_places import where_to_widen
from dbt_schema_evolve.records.changes import Candidate, ColumnTypeSpec
from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.relations import RelationName

_LIMITS = {"smallint": (1 << 15) - 1, "integer": (1 << 31) - 1}


def larger(evidence: Evidence) -> Iterator[Candidate]:
    """Propose larger types for every stored column that shares an alarm."""
    found: defaultdict[RelationName, dict[str, tuple[str, Alarm]]] = defaultdict(dict)
    for alarm in evidence.watched.alarms:  # the soonest first, and it is the one that counts
        wanted = _larger_type(alarm)
        for column in (alarm.column, *alarm.affected) if wanted else ():
            found[column.relation].setdefault(column.column, (wanted, alarm))
    for relation, columns in sorted(found.items()):
        profile = evidence.relations.get(relation)
        if profile is None or not profile.kind.stores_rows:
            continue
        spec = ColumnTypeSpec(
            relation, tuple((column, wanted) for column, (wanted, _) in sorted(columns.items()))
        )
        alarms = {column: alarm for column, (_, alarm) in sorted(columns.items())}
        reason = "; ".join(_full(column, alarm) for column, alarm in alarms.items())
        node = owner(evidence, relation)
        note = where_to_widen(node, spec) if node is not None else _alter(evidence, spec)
        yield Candidate("column_type", spec, frozenset(), reason, note)


def _larger_type(alarm: Alarm) -> str:
    """Return the type that would do for years; empty where the type is not what ends."""
    if alarm.kind is AlarmKind.LENGTH:
        return "text"
    if _LIMITS.get(alarm.type) != alarm.limit:
        return ""  # the sequence ends first, or it is a bigint
    pace = 0.0 if alarm.growth is None else max(alarm.growth.high_per_day, 0.0)
    lasts = alarm.value + MIN_HEADROOM_DAYS * pace <= _LIMITS["integer"]
    return "integer" if alarm.type == "smallint" and lasts else "bigint"


def _alter(evidence: Evidence, spec: ColumnTypeSpec) -> str:
    if all(kind == "text" for _, kind in spec.types):
        costs = "rewrites no row"
    else:
        costs = "rewrites the table, which nobody can read meanwhile"
    return f"{by_hand(evidence, spec.relation)}; `alter column ... type` {costs}"


def _full(column: str, alarm: Alarm) -> str:
    used = f"{alarm.value:,} of {alarm.limit:,} are used"
    if alarm.kind is AlarmKind.LENGTH:
        used = f"its longest text has {alarm.value:,} of {alarm.limit:,} characters"
    when = "is nearly full"
    if alarm.until is not None:
        days = floor(alarm.until.days)  # down: a warning should not come a day late
        when = f"will be full in {days:,} day{'' if days == 1 else 's'}"
    return f"{alarm.type} `{column}` {when}: {used}"
