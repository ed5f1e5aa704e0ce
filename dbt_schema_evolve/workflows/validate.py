"""Prove recommendations: build the project twice, compare results, then time queries in pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from dbt_schema_evolve.errors import EvolveError, WarehouseError
from dbt_schema_evolve.lineage.sql.rewrite import rename_relations, without_limit
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.ports import Progress, Shadow, Side
from dbt_schema_evolve.records.changes import Recommendation
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.outcomes import Outcome
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import (
    BuildTimes,
    Decision,
    PairedTimes,
    ResultCheck,
    SpeedComparison,
    Trial,
    Verdict,
)
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.validate.speed import compare
from dbt_schema_evolve.validate.verdicts import Measured, judge
from dbt_schema_evolve.workflows.advise import Advice
from dbt_schema_evolve.workflows.changed_plans import Plans, is_changed, outcomes, used_indexes

MAX_TRIALS = 4  # a judgement: the demo never needed more than two, and each costs two builds


@dataclass(frozen=True, slots=True)
class Validation:
    """The trials in order; the last one holds the set that was proven together."""

    trials: tuple[Trial, ...]
    patch: ConfigPatch  # what is left of the patch, proven
    skips: tuple[Skip, ...]  # queries that could not be put to the shadow target

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The last verdict on each recommendation, in the order of the first trial."""
        last = {v.recommendation.number_key: v for trial in self.trials for v in trial.verdicts}
        return tuple(last.values())

    @property
    def accepted(self) -> tuple[Verdict, ...]:
        """The verdicts on what the patch still carries."""
        return tuple(v for v in self.verdicts if v.decision is Decision.ACCEPT)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Every changed plan that was measured, of all trials."""
        return tuple(outcome for trial in self.trials for outcome in trial.outcomes)

    @property
    def speeds(self) -> tuple[SpeedComparison, ...]:
        """Each query under the patch as it is now; empty where nothing of it was accepted."""
        return self.trials[-1].speeds if self.accepted else ()


@dataclass(frozen=True, slots=True)
class Question:
    """One query in the words of both sides."""

    facts: QueryFacts
    baseline: str
    patched: str


def validate(
    advice: Advice,
    files: Mapping[str, bytes],
    shadow: Shadow,
    progress: Progress,
    seconds: float = 40.0,
) -> Validation:
    """Build and measure until every recommendation left is accepted, or none is left.

    `files` are the project's as they are now; `seconds` bounds the time that one trial spends on
    timing queries. Recommendations that no patch can carry are not tried.
    """
    remaining = advice.patch.recommendations
    if not remaining:
        return Validation((), advice.patch, ())
    progress.step("build the shadow target as it is")
    base = shadow.prepare(Side.BASELINE, {})
    # Each side is built twice: the second round is the everyday one, with incrementals in place.
    # Nodes are compared by their better run, in the order A B B A: neither has the warm cache.
    base_builds = [shadow.build(Side.BASELINE)]

    trials: list[Trial] = []
    patch = advice.patch
    skips: tuple[Skip, ...] = ()
    for number in range(1, MAX_TRIALS + 1):
        progress.step(f"trial {number}: build the patched shadow target")
        patched = shadow.prepare(
            Side.PATCHED, {edit.path: edit.after for edit in patch.edits if edit.after is not None}
        )
        patched_builds = [shadow.build(Side.PATCHED), shadow.build(Side.PATCHED)]
        if number == 1:
            base_builds.append(shadow.build(Side.BASELINE))
        shadow.settle()
        sides = Sides.of(advice.evidence, base, patched)
        measured, plans, skips = _measure(advice, remaining, shadow, sides, seconds, progress)
        builds = _build_times(base_builds, patched_builds)
        measured = replace(measured, builds=builds)
        verdicts = judge(remaining, measured, advice.evidence.runs, advice.evidence.window_days)
        trials.append(
            Trial(
                number, remaining, measured.results, measured.speeds, builds, verdicts,
                outcomes(measured.speeds, plans),
            )
        )  # fmt: skip
        accepted = tuple(v.recommendation for v in verdicts if v.decision is Decision.ACCEPT)
        if len(accepted) == len(remaining):
            break
        remaining = accepted
        patch, _ = plan_patch(remaining, advice.lineage.project, files)
        if not remaining:
            break
    return Validation(tuple(trials), patch, skips)


@dataclass(frozen=True, slots=True)
class Sides:
    """Where each relation of production is on either side."""

    base_by_id: Mapping[str, RelationName]
    patched_by_id: Mapping[str, RelationName]
    to_base: Mapping[RelationName, RelationName]
    to_patched: Mapping[RelationName, RelationName]

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        base: Mapping[str, RelationName],
        patched: Mapping[str, RelationName],
    ) -> Self:
        """Match production's relations with those of both sides."""
        ids = {relation: node.unique_id for relation, node in evidence.models.items()}
        both = {r: i for r, i in ids.items() if i in base and i in patched}
        return cls(
            base,
            patched,
            {relation: base[unique_id] for relation, unique_id in both.items()},
            {relation: patched[unique_id] for relation, unique_id in both.items()},
        )


def _measure(
    advice: Advice,
    remaining: Sequence[Recommendation],
    shadow: Shadow,
    sides: Sides,
    seconds: float,
    progress: Progress,
) -> tuple[Measured, Mapping[str, Plans], tuple[Skip, ...]]:
    questions, skips = _questions(advice, remaining, sides)
    progress.step(f"compare {len(sides.to_base)} relations and {len(questions)} results")
    results = [
        *_compare_relations(shadow, sides),
        *(_compare_results(shadow, question) for question in questions),
    ]
    progress.step(f"time {len(questions)} queries in pairs")
    times, plans = _time(shadow, questions, seconds)
    measured = Measured(
        results=tuple(results),
        speeds=tuple(compare(pair) for pair in times),
        builds=(),
        touched={
            q.facts.fingerprint: q.facts.uses.base_relations
            | q.facts.uses.views
            | q.facts.uses.reads
            for q in questions
        },
        used=used_indexes(plans, sides.to_patched),
        model_relations={
            node.unique_id: relation for relation, node in advice.evidence.models.items()
        },
        sizes=_sizes(remaining, shadow, sides),
    )
    return measured, plans, skips


def _build_times(
    baseline: Sequence[Mapping[str, int]], patched: Sequence[Mapping[str, int]]
) -> tuple[BuildTimes, ...]:
    """Compare each node's better run on either side."""
    both = sorted(baseline[0].keys() & patched[0].keys())
    return tuple(
        BuildTimes(
            node,
            min(run[node] for run in baseline if node in run),
            min(run[node] for run in patched if node in run),
        )
        for node in both
    )


def _questions(
    advice: Advice, remaining: Sequence[Recommendation], sides: Sides
) -> tuple[list[Question], tuple[Skip, ...]]:
    """Put queries to both sides: all of the consumers', and the models' that should gain.

    One that cannot be put is named.
    """
    gaining = {b.fingerprint for item in remaining for b in item.benefits}
    models = [facts for facts in advice.evidence.model_queries if facts.fingerprint in gaining]
    questions, skips = [], []
    for facts in (*advice.evidence.queries, *models):
        if facts.uses.writes is not None:
            skips.append(Skip(facts.fingerprint, "it changes rows: explained, never run"))
            continue
        if not facts.uses.reads & sides.to_patched.keys():
            skips.append(Skip(facts.fingerprint, "reads nothing that dbt builds"))
            continue
        schema = advice.lineage.schema
        try:
            baseline = rename_relations(facts.sql, sides.to_base, schema)
            patched = rename_relations(facts.sql, sides.to_patched, schema)
        except EvolveError as error:
            skips.append(Skip(facts.fingerprint, error.problem))
            continue
        questions.append(Question(facts, baseline, patched))
    return questions, tuple(skips)


def _compare_relations(shadow: Shadow, sides: Sides) -> list[ResultCheck]:
    """Compare every relation that dbt built, column by column where that is needed."""
    checks = []
    base, patched = sides.base_by_id, sides.patched_by_id
    for unique_id in sorted(base.keys() & patched.keys()):
        columns = shadow.columns(base[unique_id])
        if columns != shadow.columns(patched[unique_id]):
            checks.append(ResultCheck(unique_id, False, "the columns differ"))
            continue
        # dbt stamps snapshots with the time of the build, which is another on each side.
        stamped = unique_id.startswith("snapshot.")
        compared = [c for c in columns if not (stamped and c.startswith("dbt_"))]
        identical = shadow.relation_digest(base[unique_id], compared) == shadow.relation_digest(
            patched[unique_id], compared
        )
        note = "" if identical else "the rows differ"
        checks.append(ResultCheck(unique_id, identical, note))
    return checks


def _compare_results(shadow: Shadow, question: Question) -> ResultCheck:
    """Compare a query's rows; a LIMIT may pick other rows among ties, so then without it."""
    fingerprint = question.facts.fingerprint
    try:
        if shadow.digest(question.baseline) == shadow.digest(question.patched):
            return ResultCheck(fingerprint, True)
        baseline, patched = without_limit(question.baseline), without_limit(question.patched)
        if baseline is None or patched is None:
            return ResultCheck(fingerprint, False, "the rows differ")
        if shadow.digest(baseline) == shadow.digest(patched):
            return ResultCheck(fingerprint, True, "compared without its LIMIT, which cuts ties")
    except WarehouseError as error:
        return ResultCheck(fingerprint, None, error.problem)
    return ResultCheck(fingerprint, False, "the rows differ, also without LIMIT")


def _time(
    shadow: Shadow, questions: Sequence[Question], seconds: float
) -> tuple[list[PairedTimes], dict[str, Plans]]:
    """Time every query, for longest those whose plan is another than before."""
    plans = {
        question.facts.fingerprint: (shadow.plan(question.baseline), shadow.plan(question.patched))
        for question in questions
    }
    changed = {name for name, both in plans.items() if is_changed(both)}
    times = []
    for question in questions:
        name = question.facts.fingerprint
        share = seconds / len(changed) if name in changed else 0.0
        try:
            baseline_us, patched_us = shadow.paired_times(
                question.baseline, question.patched, share
            )
        except WarehouseError:
            continue  # the result check has named it
        times.append(PairedTimes(name, question.facts.calls, baseline_us, patched_us))
    return times, plans


def _sizes(
    recommendations: Sequence[Recommendation], shadow: Shadow, sides: Sides
) -> dict[str, int]:
    """Return the bytes that each recommendation's relation has gained, indexes included."""
    before, after = shadow.sizes(Side.BASELINE), shadow.sizes(Side.PATCHED)
    return {
        item.number_key: after.get(sides.to_patched[relation], 0)
        - before.get(sides.to_base[relation], 0)
        for item in recommendations
        if (relation := item.spec.relation) in sides.to_base
    }
