"""A chosen change put into figures and sentences: why, for whom, at what price, how to undo it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from dbt_schema_evolve.recommend.cost import AS_IT_IS
from dbt_schema_evolve.recommend.ownership import STORED, builds, owner
from dbt_schema_evolve.recommend.pricing import Query
from dbt_schema_evolve.recommend.search import Search
from dbt_schema_evolve.recommend.type_bytes import Freed, freed
from dbt_schema_evolve.recommend.upkeep import table_write_cost
from dbt_schema_evolve.records.changes import (
    Candidate,
    ColumnTypeSpec,
    Configuration,
    ConsumerBenefit,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Payer,
    QueryBenefit,
    Recommendation,
    Spec,
)
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.project import Node

# Smaller moves of a price are not worth a line: the planner's own rounding makes some.
_NOTABLE_RATIO = 0.001


def explain(evidence: Evidence, search: Search) -> list[Recommendation]:
    """Turn what a search chose into recommendations, the most useful first.

    Each benefit is what a change adds to those before it, so that they add up to the whole.
    """
    before: Configuration = AS_IT_IS
    made = []
    for spec, candidate in search.chosen.items():
        after = before | {spec}
        made.append(_recommendation(evidence, search, candidate, before, after))
        before = after
    return sorted(made, key=lambda each: (-each.estimated_benefit_ratio, repr(each.spec)))


def advice_for_a_person(
    evidence: Evidence, candidates: Iterable[Candidate]
) -> list[Recommendation]:
    """Turn candidates that nobody can price into advice, without a claim about queries."""
    made = []
    for candidate in sorted(candidates, key=lambda each: repr(each.spec)):
        if isinstance(candidate.spec, ColumnTypeSpec):
            made.append(_other_types(evidence, candidate, candidate.spec))
            continue
        node = owner(evidence, candidate.spec.relation)
        run = evidence.runs.get(node.unique_id) if node is not None else None
        if node is None or run is None:
            continue
        made.append(
            Recommendation(
                kind=candidate.kind,
                spec=candidate.spec,
                model_id=node.unique_id,
                reason=candidate.reason,
                evidence=(
                    f"{run.builds:,} builds in the window took {_seconds(run.median_us)} each.",
                ),
                benefits=(),
                consumers=(),
                estimated_benefit_ratio=0.0,
                estimated_bytes=0,
                estimated_build_us=0,
                undo=_undo(evidence, candidate.spec),
                by_hand=candidate.by_hand,
            )
        )
    return made


def _other_types(evidence: Evidence, candidate: Candidate, spec: ColumnTypeSpec) -> Recommendation:
    node = owner(evidence, spec.relation)
    space = freed(evidence, spec)
    return Recommendation(
        kind=candidate.kind,
        spec=spec,
        model_id=node.unique_id if node is not None else "",
        reason=candidate.reason,
        evidence=() if space is None or not space.bytes else (_rows_sentence(space),),
        benefits=(),
        consumers=(),
        estimated_benefit_ratio=0.0,
        estimated_bytes=0 if space is None else -space.bytes,
        estimated_build_us=0,
        undo=_undo(evidence, spec),
        by_hand=candidate.by_hand,
    )


def _rows_sentence(space: Freed) -> str:
    after, before = (
        f"{each:,.1f}".removesuffix(".0") for each in (space.row_after, space.row_before)
    )
    return (
        f"Each of {space.rows:,} rows takes {after} bytes instead of {before}, "
        "header and padding included."
    )


def _recommendation(
    evidence: Evidence,
    search: Search,
    candidate: Candidate,
    before: Configuration,
    after: Configuration,
) -> Recommendation:
    spec = candidate.spec
    node = owner(evidence, spec.relation)
    queries = search.pricer.affected(spec, before)
    moved = _moved(search, queries, before, after)
    saved = search.worth.saving(before, after)
    build_us = _build_us(evidence, search, spec, after)
    return Recommendation(
        kind=candidate.kind,
        spec=spec,
        model_id=node.unique_id if node is not None else "",
        reason=candidate.reason,
        evidence=tuple(_sentences(evidence, spec, moved, build_us)),
        benefits=tuple(benefit for _, benefit in moved),
        consumers=tuple(sorted({name for query, _ in moved for name in query.facts.consumers})),
        estimated_benefit_ratio=saved / search.worth.base_cost if search.worth.base_cost else 0.0,
        estimated_bytes=search.pricer.size_bytes(spec),
        estimated_build_us=build_us,
        undo=_undo(evidence, spec),
        by_hand=candidate.by_hand,
        consumer_benefits=_consumer_benefits(search, moved, before),
        payers=_payers(search, moved, node, build_us),
    )


def _consumer_benefits(
    search: Search, moved: Sequence[tuple[Query, QueryBenefit]], before: Configuration
) -> tuple[ConsumerBenefit, ...]:
    """Share what queries gain among those who send them, against all that these send."""
    saved: defaultdict[str, float] = defaultdict(float)
    calls: defaultdict[str, int] = defaultdict(int)
    for query, benefit in moved:
        gain = benefit.estimated_cost_before - benefit.estimated_cost_after
        for name in query.facts.consumers:
            saved[name] += benefit.calls * query.facts.predicted_ratio * gain
            calls[name] += benefit.calls
    totals: defaultdict[str, float] = defaultdict(float)
    for query in search.pricer.queries:
        for name in saved.keys() & set(query.facts.consumers):
            cost = search.pricer.estimate(query, before).cost
            totals[name] += search.pricer.weight(query, before) * cost
    found = [
        ConsumerBenefit(name, calls[name], saved[name] / totals[name])
        for name in saved
        if saved[name] > 0 and totals[name]
    ]
    return tuple(sorted(found, key=lambda each: (-each.estimated_saved_ratio, each.consumer)))


def _payers(
    search: Search, moved: Sequence[tuple[Query, QueryBenefit]], owner: Node | None, build_us: int
) -> tuple[Payer, ...]:
    """Name the node that keeps the change, and models whose own query gets dearer by it."""
    us = search.pricer.us_per_cost()
    extra: defaultdict[str, float] = defaultdict(float)
    if owner is not None:
        extra[owner.unique_id] += build_us
    for query, benefit in moved:
        if query.facts.node_id is not None:
            dearer = benefit.estimated_cost_after - benefit.estimated_cost_before
            extra[query.facts.node_id] += us * dearer
    payers = [Payer(name, round(paid)) for name, paid in extra.items() if round(paid) > 0]
    return tuple(sorted(payers, key=lambda each: (-each.estimated_us, each.model_id)))


def _moved(
    search: Search, queries: Sequence[Query], before: Configuration, after: Configuration
) -> list[tuple[Query, QueryBenefit]]:
    """Return the queries whose price moves, the largest total gain first."""
    pricer = search.pricer
    names = {query.facts.fingerprint for query in queries}
    draws: dict[str, list[tuple[Query, QueryBenefit]]] = {}
    for query in pricer.queries:  # a draw that gains nothing is a part of its query all the same
        calls = pricer.runs(query, after)
        name = query.facts.fingerprint
        if calls and name in names:
            old = pricer.estimate(query, before)
            new = pricer.estimate(query, after)
            benefit = QueryBenefit(name, calls, old.cost, new.cost, old.nodes, new.nodes)
            draws.setdefault(name, []).append((query, benefit))
    found = [
        pair
        for pair in map(_as_one, draws.values())
        if abs(pair[1].estimated_cost_before - pair[1].estimated_cost_after)
        > _NOTABLE_RATIO * pair[1].estimated_cost_before
    ]

    def gain(pair: tuple[Query, QueryBenefit]) -> tuple[float, int]:
        query, benefit = pair
        saved = benefit.estimated_cost_before - benefit.estimated_cost_after
        return -benefit.calls * saved, query.number

    return sorted(found, key=gain)


def _as_one(draws: list[tuple[Query, QueryBenefit]]) -> tuple[Query, QueryBenefit]:
    """Return what the draws of one query gain together, with the plans of the first."""
    query, benefit = draws[0]
    if len(draws) == 1:
        return query, benefit
    calls = sum(each.calls for _, each in draws)
    before = sum(each.calls * each.estimated_cost_before for _, each in draws) / calls
    after = sum(each.calls * each.estimated_cost_after for _, each in draws) / calls
    facts = replace(query.facts, total_us=sum(each.facts.total_us for each, _ in draws))
    return replace(query, facts=facts), replace(
        benefit, calls=calls, estimated_cost_before=before, estimated_cost_after=after
    )


def _build_us(evidence: Evidence, search: Search, spec: Spec, after: Configuration) -> int:
    """Return what a change adds to one dbt run."""
    us = search.pricer.us_per_cost()
    if not isinstance(spec, MaterializationSpec):
        return round(us * search.worth.build_cost(spec))
    node = owner(evidence, spec.relation)
    run = evidence.runs.get(node.unique_id) if node is not None else None
    own = search.pricer.own_query(spec.relation)
    if spec.materialized not in STORED:
        return -run.median_us if run is not None else 0
    if own is None:
        return 0
    estimate = search.pricer.estimate(own, after)
    return round(us * (estimate.cost + table_write_cost(estimate.rows, estimate.width_bytes)))


def _sentences(
    evidence: Evidence,
    spec: Spec,
    moved: Sequence[tuple[Query, QueryBenefit]],
    build_us: int,
) -> Iterable[str]:
    readers = [pair for pair in moved if pair[0].facts.node_id is None]
    cheaper = [(q, b) for q, b in readers if b.estimated_cost_after < b.estimated_cost_before]
    if cheaper:
        calls = sum(benefit.calls for _, benefit in cheaper)
        per_day = calls / max(evidence.window_days, 1e-9)
        yield (
            f"{_count(len(cheaper), 'query')} with {per_day:,.0f} calls a day "
            f"{'get' if len(cheaper) > 1 else 'gets'} cheaper."
        )
        whole_us = sum(query.total_us for query in evidence.queries)
        if whole_us:
            spent_us = sum(query.facts.total_us for query, _ in cheaper)
            who = "They" if len(cheaper) > 1 else "It"
            yield (
                f"{who} took {_seconds(spent_us)} in {evidence.window_days:.0f} days, "
                f"{100 * spent_us / whole_us:.0f} % of all query time."
            )
        best = cheaper[0][1]
        yield (
            f"The largest gain is {best.fingerprint}: estimated cost "
            f"{best.estimated_cost_before:,.0f} before, {best.estimated_cost_after:,.0f} after."
        )
    for _, benefit in readers:
        if benefit.estimated_cost_after > benefit.estimated_cost_before:
            more = benefit.estimated_cost_after / benefit.estimated_cost_before - 1
            yield f"{benefit.fingerprint} gets {100 * more:.0f} % dearer."
    for query, benefit in moved:
        if query.builds is not None and query.builds != spec.relation:
            yield (
                f"Each build of {query.builds} goes from estimated cost "
                f"{benefit.estimated_cost_before:,.0f} to {benefit.estimated_cost_after:,.0f}."
            )
    profile = evidence.relations.get(spec.relation)
    if profile is not None and profile.kind.stores_rows and profile.estimated_rows is not None:
        yield f"{spec.relation} has {profile.estimated_rows:,} rows."
    count = builds(evidence, spec.relation)
    if count and build_us:
        verb = "adds" if build_us > 0 else "takes"
        preposition = "to" if build_us > 0 else "off"
        yield (
            f"It {verb} about {_seconds(abs(build_us))} {preposition} each dbt run, "
            f"of which there were {count:,}."
        )
    names = {benefit.fingerprint for _, benefit in moved}
    for forecast in sorted(evidence.forecasts, key=lambda each: each.subject):
        if forecast.subject in names and forecast.predicted_ratio > 1:
            yield f"{forecast.subject}: {forecast.reason}"


def _undo(evidence: Evidence, spec: Spec) -> str:
    node = owner(evidence, spec.relation)
    if isinstance(spec, IndexSpec):
        if node is None:
            return "Drop the index; no row moves."
        if node.materialized in {"incremental", "snapshot"}:
            return (
                f"Take the index out of the config of {node.name} and drop it; "
                "dbt drops no index of an incremental table by itself."
            )
        return f"Take the index out of the config of {node.name}; the next build leaves it out."
    if isinstance(spec, DropIndexSpec):
        return f"Make it again: {spec.index.create_sql}."
    if isinstance(spec, ColumnTypeSpec):
        former_types = {each.column: each.type for each in evidence.columns.get(spec.relation, ())}
        casts = (f"{column} to {former_types.get(column, '?')}" for column, _ in spec.types)
        return f"Cast {', '.join(casts)} again and build it once."
    former = node.materialized if node is not None else "view"
    name = node.name if node is not None else str(spec.relation)
    return f"Set materialized='{former}' for {name} again and build it once."


def _seconds(us: int) -> str:
    if us < 1_000_000:
        return f"{us / 1000:,.0f} ms"
    return f"{us / 1_000_000:,.1f} s"


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
