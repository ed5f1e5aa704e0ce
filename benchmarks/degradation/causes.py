"""Whether the cause that a warning names first is what was done to the project.

A degradation has a true cause where something was injected that was at work in the weeks that the
label compares, into something that its subject reads or is. A named cause is right where it is of
the same kind, and about the injected node or one between it and the subject: who hears that
`marts.fct_events` grows and finds `raw.events` behind it was not misled.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

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

    true: tuple[Injected, ...]
    is_right: bool  # of a true kind, and on the way of it
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
            true,
            is_right=any(named in self._between(each.node_id, way) for each in alike),
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


def cause_figures(found: Iterable[Named]) -> Mapping[str, float]:
    """Return shares of warnings whose first cause is right.

    `alone`: of those where all that was at work is of one kind, so that there is one right answer.
    """
    held = list(found)
    alone = [each for each in held if len({true.kind for true in each.true}) == 1]
    return {
        "cause_top1": _share([each.is_right for each in held]),
        "cause_top1_exact": _share([each.is_exact for each in held]),
        "cause_top1_alone": _share([each.is_right for each in alone]),
        "cause_warnings": len(held),
    }


def _share(answers: list[bool]) -> float:
    return sum(answers) / len(answers) if answers else float("nan")
