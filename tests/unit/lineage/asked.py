"""The shop of the graph's tests, watched for six days and built a few times, to be asked."""

from datetime import timedelta

from dbt_schema_evolve.lineage.questions.traverse import Traversal
from dbt_schema_evolve.records.answers import Watch
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.ask_lineage import Questions
from tests.unit.lineage.test_graph import NOON, PROJECT, graph

WATCH = Watch(NOON - timedelta(days=6.25), NOON, 1, (Skip("odd", "it is not understood"),))
SECONDS = {"model.stg": 1.2, "model.fct": 30, "model.broken": 5, "model.python": 9}
RUNS = {key: ModelRuns(key, 3, round(s * 1_000_000)) for key, s in SECONDS.items()}


def questions(found: LineageGraph | None = None, watch: Watch = WATCH) -> Questions:
    return Questions(PROJECT, Traversal(found or graph()), watch, RUNS)
