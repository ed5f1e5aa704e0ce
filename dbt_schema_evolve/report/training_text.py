"""What a training came to, for a terminal: how much there was, who won, and by how much."""

from collections.abc import Iterator
from textwrap import wrap

from dbt_schema_evolve.records.backtests import Training
from dbt_schema_evolve.report.figures import count
from dbt_schema_evolve.report.recommendation_text import WIDTH

_HEAD = ("predictor", "PR-AUC", "Brier", "pinball", "in interval")


def training_text(training: Training) -> str:
    """Return the table of the back-test, and what is kept."""
    have = training.have
    known = f"{have.examples:,} moments of which it is known what came"
    lines = [f"History  {have.days:.0f} days, {known}, {have.degraded:,} of them degraded"]
    if training.scores:
        lines += ["", *_table(training), ""]
    lines += wrap(_kept(training), WIDTH)
    return "\n".join(lines)


def _table(training: Training) -> Iterator[str]:
    one = training.scores[0]
    origins = ", ".join(f"{origin:%Y-%m-%d}" for origin in training.origins)
    tested = f"{count(one.examples, 'moment')}, {one.degraded:,} degraded"
    yield f"Tested   on {tested}, after the cut-offs {origins}"
    yield ""
    yield _row(*_HEAD)
    for score in training.scores:
        yield _row(
            score.predictor,
            _figure(score.pr_auc, 2),
            _figure(score.brier, 3),
            _figure(score.pinball, 3),
            "-" if score.coverage is None else f"{score.coverage:.0%}",
        )


def _row(*cells: str) -> str:
    name, *figures = cells
    return f"  {name:14}" + "".join(f"{figure:>12}" for figure in figures)


def _figure(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _kept(training: Training) -> str:
    if not training.scored_by:
        return f"Nothing was trained: {training.reason}."
    where = f"Kept in {training.written_to}" if training.written_to else "Nothing was written"
    return f"Winner   {training.winner}: {training.reason}. {where}."
