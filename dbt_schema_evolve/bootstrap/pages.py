"""An advice, and its proof where there is one, as what reports and terminals show."""

from collections.abc import Mapping
from datetime import datetime

from dbt_schema_evolve.records.trials import KeptVerdict
from dbt_schema_evolve.report import figures
from dbt_schema_evolve.report.contents import ReportInput
from dbt_schema_evolve.report.names import readable, readable_verdicts
from dbt_schema_evolve.report.recommendation_text import Recommended
from dbt_schema_evolve.workflows.advise import Advice
from dbt_schema_evolve.workflows.foresee import foresight
from dbt_schema_evolve.workflows.validate import Validation


def recommended(advice: Advice, verdicts: Mapping[str, KeptVerdict]) -> Recommended:
    """Gather what a terminal shows of an advice, with what the last validation found."""
    return Recommended(
        selection=advice.selection,
        labels=advice.lineage.labels,
        time_shares=advice.evidence.time_shares(),
        patch=advice.patch,
        verdicts=verdicts,
    )


def report_input(
    title: str,
    made_at: datetime,
    advice: Advice,
    diff: str,
    validation: Validation | None = None,
    headline: tuple[tuple[str, str], ...] = (),
) -> ReportInput:
    """Gather what a page says; `diff` is what is left of the patch."""
    graph, selection, labels = advice.lineage.graph, advice.selection, advice.lineage.labels
    saved = 1 - selection.estimated_cost_after / (selection.estimated_cost_before or 1.0)
    return ReportInput(
        title=title,
        generated_at=made_at,
        headline=(
            ("models", f"{len(advice.lineage.project.models):,}"),
            ("consumers", f"{len(graph.consumers):,}"),
            ("queries", f"{len(advice.evidence.queries):,}"),
            ("estimated saving", figures.percent(saved)),
            *headline,
        ),
        recommendations=readable(selection.recommendations, labels),
        verdicts=readable_verdicts(validation.verdicts, labels) if validation else (),
        trials=validation.trials if validation else (),
        foresight=foresight(advice.prediction, advice.lineage, advice.evidence.watched.alarms),
        notices=selection.notices,
        graph=graph,
        labels=labels,
        diff=diff,
        skips=advice.by_hand,
        not_looked_at=advice.skips,
        full_refresh=validation.patch.full_refresh if validation else advice.patch.full_refresh,
        rejected=selection.rejected,
    )
