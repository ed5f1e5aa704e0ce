"""A warehouse that was looked at for a few days only: its facts, as if the rest were lost.

One day is one capture: the runs of that day, the relations and columns as they are then, the graph,
and what the planner says of today. Nothing tells growth, so nothing is told of it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.lineage_changes import DatedChanges

SEEN_DAYS = (1, 2, 3, 7)

_DAY = timedelta(days=1)


def seen_for(facts: Facts, days: int, now: datetime) -> Facts:
    """Return what is known at an instant to somebody who came so many days ago.

    A window counts from its end. The graph is that of today, and its first state changes nothing.
    """
    start = now - days * _DAY
    later = (state for state in facts.flow.states if state.at > start + _DAY)
    return replace(
        facts,
        stats=tuple(each for each in facts.stats if start < each.window_end <= now),
        runs=tuple(
            each for each in facts.runs if each.captured_at and start < each.captured_at <= now
        ),
        relations=tuple(each for each in facts.relations if start < each.captured_at <= now),
        columns=tuple(each for each in facts.columns if start < each.captured_at <= now),
        # Without a past of the relations nobody can say what comes at other sizes than today's.
        outlooks=tuple(
            each
            for each in facts.outlooks
            if start < each.made_at <= now and each.horizon_days == 0
        ),
        flow=FlowHistory((DatedChanges(start + _DAY, ()), *later), facts.flow.consumers),
    )
