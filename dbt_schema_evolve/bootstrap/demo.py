"""The demo: a world of our own, and in it the verbs of any project."""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dbt_schema_evolve.backends.demo.world import DemoWorld
from dbt_schema_evolve.backends.folder_lock import only_run_in
from dbt_schema_evolve.backends.project_files import write_patch
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.bootstrap.app import App, planner_twin
from dbt_schema_evolve.bootstrap.pages import report_input
from dbt_schema_evolve.bootstrap.twin_files import dump_twin_file
from dbt_schema_evolve.patch.diff import unified_diff
from dbt_schema_evolve.ports import Progress
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.report import figures, html, markdown
from dbt_schema_evolve.workflows.advise import Advice
from dbt_schema_evolve.workflows.demo import DemoPlan, DemoResult, Outcome, live, sum_up
from dbt_schema_evolve.workflows.validate import Validation

TWIN_FILE = "warehouse.twin"


@dataclass(frozen=True, slots=True)
class DemoStory:
    """What happened, and where its traces are."""

    result: DemoResult
    advice: Advice
    validation: Validation
    folder: Path


def run_demo(plan: DemoPlan, folder: Path, progress: Progress) -> DemoStory:
    """Play the demo in a folder, and leave project, patch and report there.

    The server goes; its schema and statistics stay as a twin file, so that advice can be had again.
    Raises BusyError where another demo uses the folder; what a killed one left is taken over.
    """
    began = time.monotonic()
    folder = folder.resolve()
    with only_run_in(folder), DemoWorld(folder, plan.seed, plan.scale) as world:
        lived = live(world, plan.days, progress)
        world.rest()
        app = App(world.project, world.target, progress, world.env)
        progress.step("ingest")
        app.ingest()
        now = world.now(plan.days)
        advice = app.advise(now=now)
        progress.step("compare the twin's plans with the warehouse's")
        same_plans = _same_plan_ratio(app, advice)
        dump_twin_file(app, folder / TWIN_FILE, redact=False)
        validation = app.validate(advice)
        progress.step("write the patch and the report")
        diff = unified_diff(validation.patch)
        patched = _leave_patched(folder, world.project.folder, validation.patch)
        (folder / "changes.diff").write_text(diff, encoding="utf-8", newline="")
        applies = _git_applies(folder / "changes.diff", app.files(), patched)

    result = sum_up(
        plan,
        lived,
        advice,
        validation,
        Outcome(
            patch_applies=applies,
            twin_same_plan_ratio=same_plans,
            seconds=round(time.monotonic() - began, 1),
            peak_rss_bytes=_peak_rss_bytes(),
        ),
    )
    headline = (
        ("proven", f"{result.accepted} of {len(advice.patch.recommendations)}"),
        ("median speed-up", figures.speedup(result.median_speedup_ratio or 1.0)),
    )
    page = report_input(
        f"Demo: {plan.days} days of {world.project.name}", now, advice, diff, validation, headline
    )
    (folder / "report.html").write_text(html.render(page), encoding="utf-8")
    (folder / "report.md").write_text(markdown.render(page), encoding="utf-8")
    return DemoStory(result, advice, validation, folder)


def _same_plan_ratio(app: App, advice: Advice) -> float | None:
    """Return how often the twin plans a consumer's query as the warehouse does."""
    queries = [facts.sql for facts in advice.evidence.queries]
    with app.warehouse() as warehouse:
        path = ", ".join(f'"{name}"' for name in advice.lineage.schema.search_path)
        warehouse.connection.execute(f"set /* schema_evolve */ search_path to {path}".encode())
        with planner_twin(warehouse.catalog(), advice.lineage.schema, advice.evidence) as twin:
            return plan_agreement(twin, warehouse.connection, queries).same_plan_ratio


def _leave_patched(folder: Path, project: Path, patch: ConfigPatch) -> Mapping[str, bytes]:
    """Leave a patched copy of the project; return the content of its changed files."""
    copy = folder / "patched"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        project, copy, symlinks=True, ignore=shutil.ignore_patterns("target", ".schema_evolve")
    )
    write_patch(copy, patch)
    return {edit.path: (copy / edit.path).read_bytes() for edit in patch.edits}


def _git_applies(
    diff: Path, files: Mapping[str, bytes], patched: Mapping[str, bytes]
) -> bool | None:
    """Whether `git apply` makes exactly the patched files; None where there is no git to ask."""
    if shutil.which("git") is None:
        return None
    if not diff.stat().st_size:
        return True
    with tempfile.TemporaryDirectory() as folder:
        for path in patched:
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(files[path])
        done = subprocess.run(
            ["git", "apply", "--unsafe-paths", str(diff)], cwd=folder, check=False
        )
        return not done.returncode and all(
            Path(folder, path).read_bytes() == content for path, content in patched.items()
        )


def _peak_rss_bytes() -> int:
    """Return the most memory of our largest process, dbt's included and Postgres's not."""
    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in who) * unit
