"""One dbt project, with the warehouse, history and tools that its verbs need."""

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.artifact_files import artifact_files
from dbt_schema_evolve.backends.belief import add_outcomes, read_outcomes, read_prior
from dbt_schema_evolve.backends.dbt_project import DbtProject, Target, find_project, find_target
from dbt_schema_evolve.backends.dbt_runner import DbtRunner
from dbt_schema_evolve.backends.event_files import MAX_BYTES, event_files
from dbt_schema_evolve.backends.git import head_commit
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.home import home_of
from dbt_schema_evolve.backends.lineage_cache import read_cache, write_cache
from dbt_schema_evolve.backends.lineage_workers import in_processes
from dbt_schema_evolve.backends.log_files import log_files
from dbt_schema_evolve.backends.postgres.warehouse import PostgresWarehouse
from dbt_schema_evolve.backends.project_files import read_project_files, write_patch
from dbt_schema_evolve.backends.shadow import ShadowTarget
from dbt_schema_evolve.backends.state_dir import make_state_dir
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin_file import FiledWarehouse, read_twin_file
from dbt_schema_evolve.backends.verdict_file import read_verdicts, write_verdicts
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.bootstrap.pages import recommended, report_input
from dbt_schema_evolve.bootstrap.today import today
from dbt_schema_evolve.errors import HistoryError, ProjectError
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.memory import Memory
from dbt_schema_evolve.lineage.sql.origins import view_origins
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.patch.diff import unified_diff
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.ports import CatalogSource, Progress
from dbt_schema_evolve.predict.outcomes.belief import Belief
from dbt_schema_evolve.predict.outcomes.training import retrain
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import UNBOUNDED, Budget
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.sizes import bytes_of
from dbt_schema_evolve.records.trials import Decision, KeptVerdict
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report.contents import ReportInput
from dbt_schema_evolve.report.recommendation_text import Recommended
from dbt_schema_evolve.workflows.advise import Advice, advise
from dbt_schema_evolve.workflows.ingest import Ingested, ingest, read_artifacts, with_state
from dbt_schema_evolve.workflows.ingest_events import ingest_events
from dbt_schema_evolve.workflows.ingest_logs import LogFiles, check_logs
from dbt_schema_evolve.workflows.lineage import Lineage, read_lineage
from dbt_schema_evolve.workflows.lineage_states import keep_state
from dbt_schema_evolve.workflows.recommend import WEIGHTS
from dbt_schema_evolve.workflows.validate import Validation, validate


@dataclass(frozen=True, slots=True)
class App:
    """One dbt project with its warehouse and its history."""

    project: DbtProject
    target: Target
    progress: Progress
    env: Mapping[str, str] | None = None  # for dbt; None: as it is
    twin_file: Path | None = None  # holds the schema and statistics to price on; None: warehouse

    @property
    def history_path(self) -> Path:
        """Where the history is."""
        return self.project.state_dir / "history.duckdb"

    def history(self) -> DuckHistory:
        """Return the history, to be opened by `with`; raises HistoryError where there is none."""
        if not self.history_path.exists():
            raise HistoryError(
                "there is no history yet",
                at=str(self.history_path),
                remedy="run `schema-evolve ingest` after a dbt run",
            )
        return self._history()

    def _history(self) -> DuckHistory:
        return DuckHistory(self.history_path, f"{self.target.profile}.{self.target.name}")

    def warehouse(self) -> PostgresWarehouse:
        """Return the warehouse, to be opened by `with`."""
        own_schema = str(self.project.settings.get("schema", "schema_evolve"))
        return PostgresWarehouse(self.target, own_schema)

    def catalog_source(self) -> AbstractContextManager[CatalogSource]:
        """Return where schema and statistics come from, to be opened by `with`."""
        if self.twin_file is not None:
            return nullcontext(FiledWarehouse(read_twin_file(self.twin_file)))
        return self.warehouse()

    def files(self) -> dict[str, bytes]:
        """Return the project's own files by path."""
        return read_project_files(self.project.folder)

    def ingest(
        self,
        logs: Sequence[str] = (),
        dbt_logs: Sequence[str] = (),
        otlp: Sequence[str] = (),
        events: Iterable[Path] = (),
    ) -> Ingested:
        """Bring the history up to date; paths and patterns name what else saw queries run.

        `events` hold OpenLineage, beside what was received.
        """
        read = read_artifacts(artifact_files(self.project.target_path))
        files = None
        if logs or dbt_logs or otlp:
            files = LogFiles(log_files(logs), log_files(dbt_logs), log_files(otlp))
        # The warehouse first: where it cannot be reached, no empty history is left behind.
        with self.warehouse() as warehouse:
            if files is not None:
                check_logs(files, warehouse.log_settings())
            make_state_dir(self.project.state_dir)
            with self._history() as history, self.memory() as memory:
                received = filter(Path.exists, [self.events_dir])
                reported = ingest_events(event_files([*events, *received]), history, MAX_BYTES)
                ingested = replace(
                    ingest(read, warehouse, history, files),
                    events=reported.events,
                    unread_events=reported.skips,
                )
                commit = head_commit(self.project.folder)
                return with_state(ingested, keep_state(read, warehouse, history, commit, memory))

    @property
    def events_dir(self) -> Path:
        """Where received events are."""
        return self.project.state_dir / "openlineage"

    def advise(
        self,
        budget: Budget = UNBOUNDED,
        only: Collection[str] = (),
        now: datetime | None = None,
        horizon_days: float = 30.0,
    ) -> Advice:
        """Go from the history to a patch, writing nothing."""
        if budget.bytes is None:
            budget = replace(budget, bytes=self._budget_bytes())
        weigh = self._weigh()
        accepted = [k for k, v in self.verdicts().items() if v.decision is Decision.ACCEPT]
        with self.history() as history, self.catalog_source() as warehouse, self.memory() as memory:
            as_of, doubts = (now, ()) if now else today(history.captures(), clock.now())
            advice = advise(
                history, warehouse, planner_twin, self.files(), as_of, self.progress,
                budget=budget, only=only, horizon_days=horizon_days, resolve=memory,
                home=home_of(self.project, self.target), clock=time.monotonic, judge=self.belief(),
                candidates=predictors.candidates(self.project.state_dir),
                proven=accepted, weigh=weigh,
            )  # fmt: skip
            told = tuple(Skip("the history", doubt) for doubt in doubts)
            return replace(advice, skips=(*told, *advice.skips))

    def _weigh(self) -> Callable[[Evidence], Evidence]:
        """Return for how much queries count, as the project's vars say."""
        setting = str(self.project.settings.get("weigh_by", "now"))
        if setting not in WEIGHTS:
            raise ProjectError(
                f"vars.schema_evolve.weigh_by is neither {' nor '.join(WEIGHTS)}: {setting!r}",
                at=str(self.project.folder / "dbt_project.yml"),
                remedy="write `now` or `forecast`, or leave it out",
            )
        return WEIGHTS[setting]

    def _budget_bytes(self) -> int | None:
        """Return what the project's vars allow; None where they are silent."""
        setting = self.project.settings.get("budget")
        found = None if setting is None else bytes_of(str(setting))
        if setting is not None and found is None:
            raise ProjectError(
                f"vars.schema_evolve.budget is not a size: {setting!r}",
                at=str(self.project.folder / "dbt_project.yml"),
                remedy="write for example 500MB",
            )
        return found

    def lineage(self, history: DuckHistory, warehouse: CatalogSource) -> Lineage:
        """Return the lineage of what a history holds, columns as a warehouse says."""
        with collection_paused(), self.memory() as memory:
            return read_lineage(
                history, warehouse.catalog(), warehouse.search_path(), memory,
                home_of(self.project, self.target),
            )  # fmt: skip

    @contextmanager
    def memory(self) -> Iterator[Memory]:
        """Hand over what lineage worked out before; keep what it works out now."""
        path = self.project.state_dir / "lineage.cache"
        memory = Memory(read_cache(path), in_processes)
        yield memory
        if memory.news:
            write_cache(path, memory.kept)

    def validate(self, advice: Advice) -> Validation:
        """Prove an advice on the shadow target, and remember the verdicts."""
        with self.shadow() as shadow:
            validation = validate(advice, self.files(), shadow, self.progress)
        write_verdicts(self.project.state_dir, validation.verdicts)
        add_outcomes(self.project.state_dir, validation.outcomes)
        return validation

    def verdicts(self) -> Mapping[str, KeptVerdict]:
        """Return what the last validation found, by the key of the recommendation."""
        return read_verdicts(self.project.state_dir)

    def belief(self) -> Belief:
        """Return the judge of estimates: the prior, corrected by what was measured here.

        Raises PredictorError where the prior is damaged.
        """
        return Belief(retrain(read_prior(), read_outcomes(self.project.state_dir)))

    def proven(self, advice: Advice) -> tuple[ConfigPatch, tuple[Skip, ...]]:
        """Return the patch without what the last validation did not accept, and that."""
        verdicts = self.verdicts()
        kept, left_out = [], []
        for item in advice.patch.recommendations:
            verdict = verdicts.get(item.number_key)
            if verdict is None or verdict.decision is Decision.ACCEPT:
                kept.append(item)
            else:
                reason = f"the last validation said: {verdict.decision}"
                left_out.append(Skip(item.number_key, reason))
        patch, _ = plan_patch(kept, advice.lineage.project, self.files())
        return patch, tuple(left_out)

    def write_patch(self, patch: ConfigPatch) -> Path:
        """Edit the project; return the diff that undoes it."""
        undo = self.project.state_dir / "undo.diff"
        write_patch(self.project.folder, patch)
        undo.write_text(unified_diff(patch.inverse), encoding="utf-8", newline="")
        return undo

    def recommended(self, advice: Advice) -> Recommended:
        """Return what a terminal shows of an advice."""
        return recommended(advice, self.verdicts())

    def page(self, advice: Advice) -> ReportInput:
        """Return what a report on an advice says."""
        title = f"{self.project.name}: foresight and advice"
        return report_input(title, clock.now(), advice, advice.diff)

    @contextmanager
    def shadow(self) -> Iterator[ShadowTarget]:
        """Open the shadow target in a folder that goes away with it."""
        with (
            tempfile.TemporaryDirectory(prefix="schema-evolve-") as folder,
            DbtRunner(self.project.folder, self.project.state_dir / "dbt.log", self.env) as dbt,
            ShadowTarget(self.project, self.target, dbt, Path(folder)) as shadow,
        ):
            yield shadow


def open_app(
    project_dir: Path | None,
    profiles_dir: Path | None,
    profile: str | None,
    target: str | None,
    progress: Progress,
) -> App:
    """Find the project and the target as dbt would; raises ProjectError."""
    project = find_project(project_dir)
    return App(project, find_target(project, profiles_dir, profile, target), progress)


@contextmanager
def planner_twin(
    catalog: Catalog, schema: LineageSchema, evidence: Evidence
) -> Iterator[PlannerTwin]:
    """Start a planner twin that lives as long as the `with` block."""
    owners = {node.unique_id: relation for relation, node in evidence.models.items()}
    with (
        tempfile.TemporaryDirectory(prefix="schema-evolve-") as folder,
        PlannerTwin(
            Path(folder) / "twin",
            catalog,
            search_path=schema.search_path,
            definitions={owners[facts.fingerprint]: facts.sql for facts in evidence.model_queries},
            origins=view_origins(schema),
        ) as twin,
    ):
        yield twin
