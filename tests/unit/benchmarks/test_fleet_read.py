"""A kept project is read as a history would hold it: no more is seen of it, and no less."""

from benchmarks.fleet.draw import draw
from benchmarks.fleet.live import at
from benchmarks.fleet.read import read_project
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.records.forecasts import CauseKind
from dbt_schema_evolve.records.lineage_changes import Aspect

DEPLOYED = "project-144"  # another filter, in a model that is built once a week


def test_a_deployment_is_seen_from_its_day_on_by_whoever_reads_the_model() -> None:
    project, spec = read_project(KEPT, DEPLOYED), draw(144)
    changes = [change for state in project.facts.flow.states for change in state.changes]
    model = f"model.fleet.{spec.deployed}"
    assert [(change.node, change.what) for change in changes] == [(model, Aspect.CODE)]

    def suspected(day: int) -> set[str]:
        return {
            case.subject
            for case in Cases(project.facts).at(at(day))
            for suspect in case.suspects
            if (suspect.kind, suspect.node_id) == (CauseKind.CHANGED_FLOW, model)
        }

    assert suspected(spec.deployed_on - 1) == set()
    assert suspected(spec.deployed_on) == {"funnel", "segment_days", "segments_by_kind", model}
