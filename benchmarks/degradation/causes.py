"""Whether the cause that a warning names first is what was done to the project.

A degradation has a true cause where something was injected that was at work in the weeks that the
label compares, into something that its subject reads or is. A named cause is right where it is of
the same kind, and about the injected node or one between it and the subject: who hears that
`marts.fct_events` grows and finds `raw.events` behind it was not misled.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

import networkx

from benchmarks.degradation.examples import moments
from benchmarks.fleet.records import FleetProject, Injected
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import NEXT_RUNS
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast

_HORIZON_DAYS = float(NEXT_RUNS)


@dataclass(frozen=True, slots=True)
class Named:
    """The causes of one warning, and how the first one fares."""

    day: int  # of the warning
    true: tuple[Injected, ...]
    right: tuple[Injected, ...]  # those of them that it is about: of the kind, and on the way
    is_exact: bool  # and the injected node itself


class Truth:
    """What was injected into a project, and whom it reaches."""

    def __init__(self, project: FleetProject) -> None:
        """Read the lineage."""
        self._injected = project.injected
        self._uses, self._ids = project.facts.uses, project.facts.ids
        self._flow = networkx.DiGraph()
        self._flow.add_edges_from((e.source, e.target) for e in project.facts.graph.relation_edges)

    def named(self, case: Case, day: int, forecast: Forecast) -> Named | None:
        """Judge a forecast's first cause; None where nothing was injected that reaches it."""
        way = self._way(case.subject)
        true = tuple(
            each
            for each in self._injected
            if each.node_id in way
            and each.first_day <= day + NEXT_RUNS
            and (each.last_day is None or each.last_day > day - RECENT)
        )
        if not true:
            return None
        lead = forecast.causes[0] if forecast.causes else None
        alike = [each for each in true if lead is not None and each.kind is lead.kind]
        named = (lead.node_id or case.subject) if lead is not None else ""
        return Named(
            day,
            true,
            tuple(each for each in alike if named in self._between(each.node_id, way)),
            is_exact=any(named == each.node_id for each in alike),
        )

    def _way(self, subject: str) -> frozenset[str]:
        """Return a subject and all nodes that its rows come through."""
        use = self._uses.get(subject)
        read = use.reads | use.views | use.base_relations if use is not None else ()
        nodes = {subject, *(self._ids[relation] for relation in read if relation in self._ids)}
        above = {
            node
            for start in nodes
            if start in self._flow
            for node in networkx.ancestors(self._flow, start)
        }
        return frozenset(nodes | above)

    def _between(self, node: str, way: frozenset[str]) -> frozenset[str]:
        below = networkx.descendants(self._flow, node) if node in self._flow else set()
        return frozenset({node} | (below & way))


def first_causes(
    project: FleetProject, predictor: Predictor, warned: Collection[tuple[str, int]]
) -> Iterator[Named]:
    """Yield how the first cause of each warning fares; those are known by subject and run."""
    truth, cases = Truth(project), Cases(project.facts)
    wanted = {project.runs[subject][run].at for subject, run in warned}

    def cases_at(cutoff: datetime) -> tuple[Case, ...]:
        return cases.at(cutoff) if cutoff in wanted else ()

    for moment in moments(project, cases_at):
        case = moment.example.case
        if (case.subject, moment.run) in warned:
            (answer,) = predictor.predict([case], _HORIZON_DAYS)
            named = isinstance(answer, Forecast) and truth.named(case, moment.day, answer)
            if named:
                yield named


def cause_figures(found: Iterable[Named]) -> Mapping[str, Any]:
    """Return shares of warnings whose first cause is right.

    `alone`: of those where all that was at work is of one kind, so that there is one right answer.
    `macro`: the mean of a share over what is injected, so that what is rare counts as much as
    growth. What never was at work alone is not in that of `cause_top1_macro`; in that of
    `cause_named_macro` nothing is right but the thing itself, though growth beside it is true too.
    """
    held = list(found)
    alone = [each for each in held if _is_alone(each)]
    by_name = {
        name: _of(name, held) for name in sorted({true.name for each in held for true in each.true})
    }
    return {
        "cause_top1": _share([bool(each.right) for each in held]),
        "cause_top1_exact": _share([each.is_exact for each in held]),
        "cause_top1_alone": _share([bool(each.right) for each in alone]),
        "cause_top1_macro": _mean(each["alone_right"] for each in by_name.values()),
        "cause_named_macro": _mean(each["named"] for each in by_name.values()),
        "cause_top1_by_kind": by_name,
        "cause_warnings": len(held),
    }


def _of(name: str, held: Iterable[Named]) -> Mapping[str, float]:
    """Return what becomes of one thing that is injected.

    `begun`: warnings given after it began; of what has yet to come nobody knows. Of those, `named`
    are those whose first cause it is.
    """
    at_work = [each for each in held if any(true.name == name for true in each.true)]
    begun = [
        each
        for each in at_work
        if any(true.name == name and true.first_day <= each.day for true in each.true)
    ]
    alone = [each for each in begun if _is_alone(each)]
    return {
        "at_work": len(at_work),
        "begun": len(begun),
        "named": _share([any(right.name == name for right in each.right) for each in begun]),
        "alone": len(alone),
        "alone_right": _share([bool(each.right) for each in alone]),
    }


def _is_alone(named: Named) -> bool:
    return len({true.kind for true in named.true}) == 1


def _mean(shares: Iterable[float]) -> float:
    known = [each for each in shares if isfinite(each)]
    return sum(known) / len(known) if known else float("nan")


def _share(answers: list[bool]) -> float:
    return sum(answers) / len(answers) if answers else float("nan")
