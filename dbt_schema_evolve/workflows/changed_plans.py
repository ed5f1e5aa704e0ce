"""The plans of both sides of a shadow target: what they scan, and what their difference teaches."""

from collections.abc import Mapping, Sequence

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.outcomes import Outcome, Plan
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import SpeedComparison

Plans = tuple[Plan, Plan]
"""A query's plan on the baseline and on the patched target; empty where it could not be had."""


def used_indexes(
    plans: Mapping[str, Plans], to_patched: Mapping[RelationName, RelationName]
) -> dict[str, frozenset[IndexSpec]]:
    """Return the indexes that each patched plan scans, in production's names."""
    from_patched = {shadow_name: name for name, shadow_name in to_patched.items()}
    return {
        fingerprint: frozenset(
            node.index.on(from_patched.get(node.index.relation, node.index.relation))
            for node in patched
            if node.index is not None
        )
        for fingerprint, (_, patched) in plans.items()
    }


def outcomes(speeds: Sequence[SpeedComparison], plans: Mapping[str, Plans]) -> tuple[Outcome, ...]:
    """Put what was measured beside the plans, where those differ in more than their prices."""
    found = []
    for speed in speeds:
        before, after = plans[speed.fingerprint]
        if is_changed((before, after)):
            found.append(
                Outcome(
                    speed.fingerprint, before, after, speed.measured_ratio, speed.ratio_low,
                    speed.ratio_high,
                )
            )  # fmt: skip
    return tuple(found)


def is_changed(plans: Plans) -> bool:
    """Tell whether both plans are known, and differ in more than their prices."""
    before, after = plans
    return bool(before and after) and _shape(before) != _shape(after)


def _shape(plan: Plan) -> list[tuple[object, ...]]:
    """Return what a plan does; the schemas of the two sides have different names."""
    return [
        (
            node.depth,
            node.kind,
            node.relation and node.relation.name,
            node.index and (node.index.keys, node.index.include, node.index.where),
        )
        for node in plan
    ]
