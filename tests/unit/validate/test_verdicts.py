"""Results come before speed, and a slower query outweighs any gain."""

from dataclasses import replace

from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Recommendation,
    Spec,
)
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import (
    BuildTimes,
    Decision,
    ResultCheck,
    SpeedComparison,
    Verdict,
)
from dbt_schema_evolve.validate.verdicts import Measured, judge

ORDERS = RelationName("marts", "orders")
INDEX = IndexSpec(ORDERS, (IndexKey("customer_id"),))
MODEL = "model.shop.orders"


def recommendation(spec: Spec) -> Recommendation:
    return Recommendation(
        kind="any", spec=spec, model_id=MODEL, reason="", evidence=(), benefits=(), consumers=(),
        estimated_benefit_ratio=0.1, estimated_bytes=0, estimated_build_us=0, undo="",
    )  # fmt: skip


def speed(name: str, ratio: float, spread: float = 0.02, us: float = 10_000) -> SpeedComparison:
    return SpeedComparison(
        name, 100, us, us * ratio, ratio, ratio * (1 - spread), ratio * (1 + spread)
    )


def verdict(
    spec: Spec,
    *speeds: SpeedComparison,
    results: tuple[ResultCheck, ...] = (),
    builds: tuple[BuildTimes, ...] = (),
    uses_index: bool = True,
) -> Verdict:
    measured = Measured(
        results=results,
        speeds=speeds,
        builds=builds,
        touched={s.fingerprint: frozenset({ORDERS}) for s in speeds},
        used={s.fingerprint: frozenset({INDEX} if uses_index else ()) for s in speeds},
        model_relations={MODEL: ORDERS},
        sizes={},
    )
    return judge([recommendation(spec)], measured, {MODEL: ModelRuns(MODEL, 10, 1_000_000)}, 10)[0]


def test_faster_query_is_accepted() -> None:
    found = verdict(INDEX, speed("q", 0.2))
    assert found.decision is Decision.ACCEPT
    assert found.measured_speedup_ratio == 5.0


def test_one_query_over_ten_percent_slower_outweighs_ten_faster_ones() -> None:
    winners = [speed(f"w{number}", 0.1) for number in range(10)]
    found = verdict(INDEX, *winners, speed("loser", 1.2))
    assert found.decision is Decision.REJECT
    assert "query loser takes 1.20x its time" in found.reasons[0]


def test_slowdown_within_noise_does_not_reject() -> None:
    assert verdict(INDEX, speed("w", 0.2), speed("noisy", 1.2, spread=0.15)).decision is (
        Decision.ACCEPT
    )


def test_slower_query_that_does_not_use_the_index_is_not_its_fault() -> None:
    measured = Measured(
        results=(), builds=(), sizes={}, model_relations={MODEL: ORDERS},
        speeds=(speed("w", 0.2), speed("other", 1.5)),
        touched={"w": frozenset({ORDERS}), "other": frozenset({ORDERS})},
        used={"w": frozenset({INDEX})},
    )  # fmt: skip
    found = judge([recommendation(INDEX)], measured, {}, 10)[0]
    assert found.decision is Decision.ACCEPT


def test_faster_wrong_answer_is_a_rejection() -> None:
    found = verdict(INDEX, speed("q", 0.01), results=(ResultCheck("q", False, "the rows differ"),))
    assert found.decision is Decision.REJECT
    assert found.reasons == ("results of q differ: the rows differ",)


def test_changed_model_contents_are_a_rejection() -> None:
    spec = MaterializationSpec(ORDERS, "table")
    found = verdict(spec, speed("q", 0.01), results=(ResultCheck(MODEL, False, "x"),))
    assert found.decision is Decision.REJECT


def test_result_that_could_not_be_compared_is_not_a_difference() -> None:
    found = verdict(INDEX, speed("q", 0.2), results=(ResultCheck("q", None, "timeout"),))
    assert found.decision is Decision.ACCEPT


def test_index_that_no_plan_scans_is_rejected() -> None:
    found = verdict(INDEX, speed("q", 0.5), uses_index=False)
    assert found.reasons[0] == "no query uses it"


def test_partial_index_is_known_however_postgres_spells_its_predicate() -> None:
    wanted = replace(INDEX, where="\"status\" = 'open'")
    built = replace(INDEX, where="(status = 'open'::text)")
    measured = Measured(
        results=(), builds=(), sizes={}, model_relations={}, speeds=(speed("q", 0.2),),
        touched={"q": frozenset({ORDERS})}, used={"q": frozenset({built})},
    )  # fmt: skip
    assert judge([recommendation(wanted)], measured, {}, 10)[0].decision is Decision.ACCEPT


def test_gain_that_costs_more_in_builds_is_rejected() -> None:
    slower_build = BuildTimes(MODEL, 1_000_000, 3_000_000)
    found = verdict(INDEX, speed("q", 0.9, us=1000), builds=(slower_build,))
    assert found.decision is Decision.REJECT
    assert "costs builds more time" in found.reasons[0]
    assert found.measured_build_us == 2_000_000


def test_drop_is_accepted_when_nobody_gets_slower() -> None:
    assert verdict(DropIndexSpec(INDEX), speed("q", 1.01)).decision is Decision.ACCEPT


def test_table_nobody_reads_is_accepted_as_view_for_its_cheaper_build() -> None:
    cheaper = BuildTimes(MODEL, 2_000_000, 50_000)
    found = verdict(MaterializationSpec(ORDERS, "view"), builds=(cheaper,))
    assert found.decision is Decision.ACCEPT
    assert found.reasons[1] == "its model's builds save 1.95 s a day"
