"""Puts together what a predictor may look at, for each query and each build, at a cut-off."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from math import exp

import numpy as np

from dbt_schema_evolve.features.circumstances import Circumstances
from dbt_schema_evolve.features.condition import condition
from dbt_schema_evolve.features.critical import places
from dbt_schema_evolve.features.elasticity import Search, drivers
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import KnownFlow
from dbt_schema_evolve.features.index import Index
from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.lines import middle
from dbt_schema_evolve.features.series import RECENT
from dbt_schema_evolve.features.subjects import Subject
from dbt_schema_evolve.features.suspects import suspects
from dbt_schema_evolve.features.timeline import days_of, known
from dbt_schema_evolve.features.upstream import Upstream
from dbt_schema_evolve.features.vector import feature_values
from dbt_schema_evolve.records.forecasts import Case, FeatureVector, UpstreamRows
from dbt_schema_evolve.records.relations import RelationName

_UPSTREAM = 3  # relations above a subject whose rows a case holds


class Cases:
    """One warehouse's facts, put in order once, so that cases at many cut-offs are cheap."""

    def __init__(self, facts: Facts) -> None:
        """Take facts of all times, in any order."""
        self._index = Index(facts)

    def at(self, cutoff: datetime) -> tuple[Case, ...]:
        """Return one case a fingerprint, then one a build that stores rows, as of the cut-off."""
        return tuple(self.each(cutoff))

    def each(self, cutoff: datetime) -> Iterator[Case]:
        """Yield the same one by one, for a warehouse whose cases do not fit into memory."""
        day = days_of(cutoff)
        there = [(each, count) for each in self._index.subjects if (count := known(each.days, day))]
        moment = _Moment(self._index, cutoff, there)
        for each, count in there:
            yield moment.case(each, count)


class _Moment:
    """Everything that is known at one cut-off."""

    def __init__(
        self, index: Index, cutoff: datetime, there: Sequence[tuple[Subject, int]]
    ) -> None:
        """Take the subjects that were seen by then, each with how often."""
        self._index = index
        self._cutoff = cutoff
        self._day = day = days_of(cutoff)
        self._rows = rows = KnownRows(index.sizes, index.ids, day)
        self._upstream = Upstream(index.graph, index.relations, rows, index.builds, day)
        self._flow = KnownFlow(index.flow, index.graph, cutoff, opened=index.opened)
        self._shares = index.shares.at(day)
        self._condition = cache(lambda relation: condition(relation, rows, day))
        typical = {each.name: _typical_us(each, count) for each, count in there if each.is_build}
        # Of subjects that read the same, most features are: a pair that is equal is held once.
        self._pairs: dict[tuple[str, float], tuple[str, float]] = {}
        self._places = places(index.graph, typical)
        self._drivers = drivers(
            (
                Search(each, count, index.readings[each.name].relations, index.prior(each))
                for each, count in there
            ),
            rows,
        )

    def case(self, subject: Subject, count: int) -> Case:
        """Return what is known of one subject."""
        around = self._around(subject, count)
        values = feature_values(around)
        return Case(
            subject=subject.name,
            cutoff=self._cutoff,
            observations=subject.observations[:count],
            driver=around.driver,
            features=FeatureVector(
                subject.name,
                self._cutoff,
                tuple(self._pairs.setdefault(pair, pair) for pair in values.items()),
            ),
            relations=tuple(around.relations),
            upstream=tuple(
                UpstreamRows(
                    each.relation, each.node, each.influence, len(each.via),
                    self._rows.on_grid(each.relation, subject.days, count),
                )
                for each in around.reached[:_UPSTREAM]
            ),
            suspects=suspects(around, values),
        )  # fmt: skip

    def _around(self, subject: Subject, count: int) -> Circumstances:
        reading, users = self._index.readings[subject.name], self._index.users
        relations = self._largest_first(reading.relations)
        reached = self._upstream.of(reading.starts, subject.runs(count))
        return Circumstances(
            subject=subject,
            count=count,
            cutoff=self._day,
            relations=relations,
            conditions={each: self._condition(each) for each in relations if each in self._rows},
            driver=self._drivers.get(subject.name),
            reached=reached,
            wait=self._upstream.longest_wait(reached[0].via) if reached else None,
            plans=self._index.outlooks.at(subject.name, self._day),
            skew=self._shares.worst(reading.uses),
            usage=(
                users.of_node(subject.name, self._cutoff)
                if subject.is_build
                else users.of_query(subject.name, len(relations), self._cutoff)
            ),
            place=self._places.get(subject.name),
            flow=self._flow.features(reading.nodes),
            changed=self._flow.last_change(reading.nodes),
            new_code=self._flow.new_code,
            names=self._index.names,
            ids=self._index.ids,
        )

    def _largest_first(self, relations: frozenset[RelationName]) -> Sequence[RelationName]:
        """Those that nobody counted come last."""
        rows = self._rows
        return sorted(relations, key=lambda each: (each not in rows, -rows.now(each), each))


def _typical_us(subject: Subject, count: int) -> float:
    timed = subject.log_us[:count]
    timed = timed[np.isfinite(timed)][-RECENT:]
    return exp(middle(np.sort(timed))) if len(timed) else 0.0
