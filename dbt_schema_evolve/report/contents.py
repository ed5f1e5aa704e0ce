"""What a report is made of: plain records, gathered once, read by every renderer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dbt_schema_evolve.records.changes import Notice, Recommendation, Rejection
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.prospects import Foresight
from dbt_schema_evolve.records.trials import Decision, SpeedComparison, Trial, Verdict
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class ReportInput:
    """Everything that a report says; what is empty gets no section or a sentence that says so."""

    title: str
    generated_at: datetime
    headline: tuple[tuple[str, str], ...]  # a label and its figure, ready to read
    recommendations: tuple[Recommendation, ...] = ()  # in the order in which they pay
    verdicts: tuple[Verdict, ...] = ()  # the last of a recommendation counts
    trials: tuple[Trial, ...] = ()
    foresight: Foresight | None = None  # None: nobody looked ahead
    notices: tuple[Notice, ...] = ()  # the worst first
    graph: LineageGraph | None = None  # None: nobody looked
    labels: Mapping[str, str] = field(default_factory=dict)  # fingerprint -> short SQL
    diff: str = ""
    skips: tuple[Skip, ...] = ()  # what a person has to do
    not_looked_at: tuple[Skip, ...] = ()
    full_refresh: tuple[str, ...] = ()  # unique ids, as in ConfigPatch
    rejected: tuple[Rejection, ...] = ()  # candidates that were never tried


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recommendation with its place in the list and what became of it."""

    number: int
    recommendation: Recommendation
    verdict: Verdict | None  # None: it was not tried

    @property
    def decision(self) -> str:
        """The verdict in a word or two."""
        if self.verdict is not None:
            return _WORDS[self.verdict.decision]
        return "by hand" if self.recommendation.by_hand else "not tried"


_WORDS = {
    Decision.ACCEPT: "accepted",
    Decision.REJECT: "rejected",
    Decision.INCONCLUSIVE: "inconclusive",
}


def proposals(report: ReportInput) -> tuple[Proposal, ...]:
    """Return the recommendations, numbered, each with its last verdict.

    A verdict on something that is no longer recommended is appended: it was tried all the same.
    """
    last = {verdict.recommendation.number_key: verdict for verdict in report.verdicts}
    known = {item.number_key for item in report.recommendations}
    tried = [last[key].recommendation for key in last if key not in known]
    return tuple(
        Proposal(number, item, last.get(item.number_key))
        for number, item in enumerate((*report.recommendations, *tried), start=1)
    )


def decided(report: ReportInput, *decisions: str) -> tuple[Proposal, ...]:
    """Return the proposals with one of these decisions."""
    return tuple(item for item in proposals(report) if item.decision in decisions)


def speeds(report: ReportInput) -> tuple[tuple[SpeedComparison, int], ...]:
    """Return each query's last comparison and its trial, the greatest gain first."""
    last = {speed.fingerprint: (speed, trial.number) for trial in report.trials
            for speed in trial.speeds}  # fmt: skip
    return tuple(
        sorted(last.values(), key=lambda item: (item[0].measured_ratio, item[0].fingerprint))
    )


def result_summary(report: ReportInput) -> tuple[int, int, int]:
    """Count the results of the last trial: identical, different, not comparable."""
    results = report.trials[-1].results if report.trials else ()
    return (
        sum(check.identical is True for check in results),
        sum(check.identical is False for check in results),
        sum(check.identical is None for check in results),
    )


def subject_name(report: ReportInput, subject: str) -> str:
    """Return a fingerprint's SQL, or the short name of a dbt or lineage node."""
    if subject in report.labels:
        return " ".join(report.labels[subject].split())
    if report.graph is not None:
        for node in report.graph.nodes:
            if node.id == subject:
                return node.name
    parts = subject.split(".", 2)
    return parts[2] if len(parts) == 3 and parts[0] in _RESOURCES else subject


_RESOURCES = {"model", "seed", "snapshot", "source", "relation", "consumer", "exposure"}


def stamp(report: ReportInput) -> str:
    """Return when the report was made, to the minute, in UTC where it is known."""
    made = report.generated_at
    if made.tzinfo is None:
        return f"{made:%Y-%m-%d %H:%M}"
    return f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def kinds(graph: LineageGraph) -> Iterator[tuple[str, int]]:
    """Return how many nodes of each kind a graph has, consumers included."""
    consumers = {consumer.id for consumer in graph.consumers}
    names = [node.kind for node in graph.nodes if node.id not in consumers]
    for kind in sorted(set(names)):
        yield kind, names.count(kind)
    if consumers:
        yield "consumer", len(consumers)
