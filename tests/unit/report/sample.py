"""A report with a little of everything, for the renderers' tests."""

from dbt_schema_evolve.records.changes import (
    Candidate,
    ColumnTypeSpec,
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Notice,
    QueryBenefit,
    Recommendation,
    Rejection,
    Spec,
)
from dbt_schema_evolve.records.lineage import Consumer, LineageGraph, LineageNode, RelationEdge
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.trials import (
    Decision,
    ResultCheck,
    SpeedComparison,
    Trial,
    Verdict,
)
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report.contents import ReportInput
from tests.unit.report.ahead import FORESIGHT, NOW

ORDERS = RelationName("marts", "fct_orders")

DIFF = """diff --git a/models/marts/fct_orders.sql b/models/marts/fct_orders.sql
--- a/models/marts/fct_orders.sql
+++ b/models/marts/fct_orders.sql
@@ -1,4 +1,7 @@
 {{ config(
     materialized='table',
+    indexes=[
+        {'columns': ['customer_id', 'ordered_at desc']}
+    ],
 ) }}
-select 1
+select 2
\\ No newline at end of file
"""


def recommendation(kind: str, spec: Spec, **changes: object) -> Recommendation:
    parts: dict[str, object] = {
        "kind": kind,
        "spec": spec,
        "model_id": "model.shop.fct_orders",
        "reason": "3 queries filter on customer_id and read the whole table each time.",
        "evidence": (
            "12,400 calls in 14 days, 41 % of all measured time",
            "no existing index starts with customer_id",
        ),
        "benefits": (QueryBenefit("q1", 12_400, 9_000.0, 41.5),),
        "consumers": ("Sales dashboard", "/api/orders"),
        "estimated_benefit_ratio": 0.384,
        "estimated_bytes": 210_000_000,
        "estimated_build_us": 8_100_000,
        "undo": "Remove the entry from `indexes`; the next run builds the table without it.",
    }
    return Recommendation(**{**parts, **changes})  # type: ignore[arg-type]


INDEX = recommendation(
    "index",
    IndexSpec(ORDERS, (IndexKey("customer_id"), IndexKey("ordered_at", descending=True))),
)
DROP = recommendation(
    "redundant_index",
    DropIndexSpec(IndexSpec(ORDERS, (IndexKey("status"),))),
    estimated_benefit_ratio=0.004,
    estimated_bytes=-35_000_000,
    estimated_build_us=-1_200_000,
    consumers=(),
)
VIEW = recommendation(
    "materialization",
    MaterializationSpec(RelationName("staging", "stg_events"), "table"),
    model_id="model.shop.stg_events",
)
SOURCE = recommendation(
    "index",
    IndexSpec(RelationName("raw", "events"), (IndexKey("Customer | ID"),), where="status <> 'x'"),
    model_id="",
    by_hand="dbt does not build raw.events: whoever loads it has to make this change",
)
TYPES = recommendation(
    "column_type",
    ColumnTypeSpec(ORDERS, (("quantity", "smallint"),)),
    reason="for 120 days no value of `quantity` has exceeded 32,767",
    evidence=("Each of 40,000,000 rows takes 40 bytes instead of 48.",),
    benefits=(),
    consumers=(),
    estimated_benefit_ratio=0.0,
    estimated_bytes=-320_000_000,
    estimated_build_us=0,
    undo="Cast quantity to bigint again and build it once.",
    by_hand="in models/fct_orders.sql cast quantity to smallint (line 12)",
)

SPEEDS = (
    SpeedComparison("q1", 12_400, 48_200.0, 7_900.0, 0.164, 0.151, 0.182),
    SpeedComparison("q2", 310, 1_900_000.0, 1_870_000.0, 0.984, 0.953, 1.021),
    SpeedComparison("q3", 14, 210_000.0, 262_000.0, 1.248, 1.172, 1.331),
)


def graph() -> LineageGraph:
    nodes = (
        LineageNode("model.shop.fct_orders", "model", "fct_orders", ORDERS),
        LineageNode("model.shop.stg_events", "model", "stg_events"),
        LineageNode("model.shop.stg_orders", "model", "stg_orders"),
        LineageNode("source.shop.raw.events", "source", "raw.events"),
        LineageNode("source.shop.raw.orders", "source", "raw.orders"),
    )
    edges = (
        RelationEdge("model.shop.stg_events", "model.shop.fct_orders"),
        RelationEdge("model.shop.stg_orders", "model.shop.fct_orders"),
        RelationEdge("source.shop.raw.events", "model.shop.stg_events"),
        RelationEdge("source.shop.raw.orders", "model.shop.stg_orders"),
    )
    consumers = (
        Consumer(
            "consumer.dashboard.Sales",
            "dashboard",
            "Sales",
            reads=frozenset({"model.shop.fct_orders"}),
        ),
    )
    return LineageGraph(nodes, edges, (), consumers=consumers)


def report() -> ReportInput:
    results = (ResultCheck("q1", True), ResultCheck("q2", True), ResultCheck("q3", None, "random"))
    verdicts = (
        Verdict(INDEX, Decision.ACCEPT, ("2 of 2 queries faster, results identical",), 6.1,
                214_000_000, 7_600_000),
        Verdict(VIEW, Decision.REJECT, ("q3 is 1.25x slower (1.17 to 1.33)",), 0.8),
    )  # fmt: skip
    return ReportInput(
        title="shop: what to change, and why",
        generated_at=NOW,
        headline=(
            ("models", "27"),
            ("queries in 14 days", "1,204"),
            ("median speed-up", "6.1x"),
            ("results identical", "2 of 3"),
        ),
        recommendations=(INDEX, VIEW, DROP, SOURCE, TYPES),
        verdicts=verdicts,
        trials=(Trial(1, (INDEX, VIEW), results, SPEEDS, (), verdicts),),
        foresight=FORESIGHT,
        notices=(
            Notice(
                ColumnName(ORDERS, "customer_id"),
                "36 % of the rows share one value of `marts.fct_orders.customer_id`",
                "3 queries join on it.",
            ),
        ),
        graph=graph(),
        labels={
            "q1": "select * from marts.fct_orders\n where customer_id = $1 order by ordered_at",
            "q2": "select count(*) from marts.fct_orders",
            "q3": "select a | b from staging.stg_events where note like '%`<x>`%'",
        },
        diff=DIFF,
        skips=(Skip("index: raw.events (a)", "no model of this project owns the relation"),),
        not_looked_at=(Skip("pg_stat_statements", "the role may not read it"),),
        full_refresh=("model.shop.fct_orders",),
        rejected=(
            Rejection(
                Candidate("index", IndexSpec(ORDERS, (IndexKey("note"),)), frozenset({"q3"}), "x"),
                "it would save 0.02 % of the cost for 90 MB",
            ),
        ),
    )  # fmt: skip
