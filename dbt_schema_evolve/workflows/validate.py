"""Prove recommendations: build the project twice, compare results, then time queries in pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.lineage.rewrite import rename_relations, without_limit
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.ports import Progress, Shadow, Side
from dbt_schema_evolve.records.changes import IndexSpec, Recommendation
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import (
    BuildTimes,
    Decision,
    PairedTimes,
    ResultCheck,
    Trial,
)
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.validate.speed import compare
from dbt_schema_evolve.validate.verdicts import Measured, judge

MAX_TRIALS = 4

PatchFiles = Callable[[Sequence[Recommendation]], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class Validation:
    """The trials in order; the last one holds the set that was proven together."""

    trials: tuple[Trial, ...]
    skips: tuple[Skip, ...]

    @property
    def accepted(self) -> tuple[Recommendation, ...]:
        """What the last trial accepted."""
        verdicts = self.trials[-1].verdicts if self.trials else ()
        return tuple(v.recommendation for v in verdicts if v.decision is Decision.ACCEPT)


@dataclass(frozen=True, slots=True)
class Question:
    """One query in the words of both sides."""

    facts: QueryFacts
    baseline: str
    patched: str


def validate(
    evidence: Evidence,
    recommendations: Sequence[Recommendation],
    patch_files: PatchFiles,
    shadow: Shadow,
    schema: LineageSchema,
    progress: Progress,
    seconds: float = 60.0,
) -> Validation:
    """Build and measure until every recommendation left is accepted, or none is left.

    `patch_files` gives the changed files of a set of recommendations; `seconds` bounds the time
    spent on timing queries in one trial.
    """
    if not recommendations:
        return Validation((), ())
    progress.step("build the shadow target as it is")
    production = {node.unique_id: node.relation for node in evidence.models.values()}
    base = shadow.prepare(Side.BASELINE, {})
    base_build = shadow.build(Side.BASELINE)

    trials: list[Trial] = []
    skips: tuple[Skip, ...] = ()
    remaining = tuple(recommendations)
    for number in range(1, MAX_TRIALS + 1):
        progress.step(f"trial {number}: build the patched shadow target")
        patched = shadow.prepare(Side.PATCHED, patch_files(remaining))
        # The second round is the everyday one, with incrementals in place. Nodes are compared by
        # the better of their two runs, in the order A B B A, so that no side has the warm cache.
        patched_build = _fastest(shadow.build(Side.PATCHED), shadow.build(Side.PATCHED))
        if number == 1:
            base_build = _fastest(base_build, shadow.build(Side.BASELINE))
        shadow.settle()

        to_base = _mapping(production, base)
        to_patched = _mapping(production, patched)
        questions, skips = _questions(evidence, schema, to_base, to_patched)
        progress.step(f"trial {number}: compare results")
        results = [
            *_compare_relations(shadow, base, patched),
            *(_compare_results(shadow, question) for question in questions),
        ]
        progress.step(f"trial {number}: time {len(questions)} queries in pairs")
        times, used = _time(shadow, questions, to_patched, seconds)
        builds = tuple(
            BuildTimes(unique_id, us, patched_build[unique_id])
            for unique_id, us in sorted(base_build.items())
            if unique_id in patched_build
        )
        measured = Measured(
            results=tuple(results),
            speeds=tuple(compare(pair) for pair in times),
            builds=builds,
            touched={
                q.facts.fingerprint: q.facts.uses.base_relations
                | q.facts.uses.views
                | q.facts.uses.reads
                for q in questions
            },
            used=used,
            model_relations={
                unique_id: relation for unique_id, relation in production.items() if relation
            },
            sizes=_sizes(remaining, shadow, to_base, to_patched),
        )
        verdicts = judge(remaining, measured, evidence.runs, evidence.window_days)
        trials.append(
            Trial(number, remaining, measured.results, measured.speeds, builds, verdicts)
        )
        accepted = tuple(v.recommendation for v in verdicts if v.decision is Decision.ACCEPT)
        if not accepted or len(accepted) == len(remaining):
            break
        remaining = accepted
    return Validation(tuple(trials), skips)


def _fastest(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {node: min(us, second.get(node, us)) for node, us in first.items()}


def _mapping(
    production: Mapping[str, RelationName | None], side: Mapping[str, RelationName]
) -> dict[RelationName, RelationName]:
    return {
        relation: side[unique_id]
        for unique_id, relation in production.items()
        if relation is not None and unique_id in side
    }


def _questions(
    evidence: Evidence,
    schema: LineageSchema,
    to_base: Mapping[RelationName, RelationName],
    to_patched: Mapping[RelationName, RelationName],
) -> tuple[list[Question], tuple[Skip, ...]]:
    """Put each query of the workload to both sides; one that cannot be put is named."""
    questions, skips = [], []
    for facts in evidence.queries:
        if not any(relation in to_patched for relation in facts.uses.reads):
            skips.append(Skip(facts.fingerprint, "reads nothing that dbt builds"))
            continue
        questions.append(
            Question(
                facts,
                rename_relations(facts.sql, to_base, schema),
                rename_relations(facts.sql, to_patched, schema),
            )
        )
    return questions, tuple(skips)


def _compare_relations(
    shadow: Shadow, base: Mapping[str, RelationName], patched: Mapping[str, RelationName]
) -> list[ResultCheck]:
    """Compare every relation that dbt built, column by column where that is needed."""
    checks = []
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
    shadow: Shadow,
    questions: Sequence[Question],
    to_patched: Mapping[RelationName, RelationName],
    seconds: float,
) -> tuple[list[PairedTimes], dict[str, frozenset[IndexSpec]]]:
    from_patched = {shadow_name: name for name, shadow_name in to_patched.items()}
    times, used = [], {}
    for question in questions:
        fingerprint = question.facts.fingerprint
        try:
            baseline_us, patched_us = shadow.paired_times(
                question.baseline, question.patched, seconds / len(questions)
            )
            indexes = shadow.used_indexes(question.patched)
        except WarehouseError:
            continue  # the result check has named it
        times.append(PairedTimes(fingerprint, question.facts.calls, baseline_us, patched_us))
        used[fingerprint] = frozenset(
            index.on(from_patched.get(index.relation, index.relation)) for index in indexes
        )
    return times, used


def _sizes(
    recommendations: Sequence[Recommendation],
    shadow: Shadow,
    to_base: Mapping[RelationName, RelationName],
    to_patched: Mapping[RelationName, RelationName],
) -> dict[str, int]:
    """Return the bytes that each recommendation's relation has gained, indexes included."""
    before, after = shadow.sizes(Side.BASELINE), shadow.sizes(Side.PATCHED)
    sizes = {}
    for recommendation in recommendations:
        relation = recommendation.spec.relation
        if relation in to_base and relation in to_patched:
            sizes[recommendation.number_key] = after.get(to_patched[relation], 0) - before.get(
                to_base[relation], 0
            )
    return sizes
