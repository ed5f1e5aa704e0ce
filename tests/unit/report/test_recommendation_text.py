"""What `recommend` prints: each change with its reason, gain, price, config and undo."""

from dataclasses import replace

from dbt_schema_evolve.records.changes import Candidate, Notice, Rejection, Selection
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.trials import Decision, KeptVerdict
from dbt_schema_evolve.report.recommendation_text import Recommended, recommendations_text
from tests.unit.report.sample import DROP, INDEX, TYPES

SELECTION = Selection((INDEX, DROP), (), 1000.0, 600.0, 175_000_000, 4.0, frozenset(), ())
STEP = FileEdit("models/fct.sql", b"{{ config() }}\nselect 1\n", b"{{ config(a=1) }}\nselect 1\n")


def lines(**more: object) -> list[str]:
    text = recommendations_text(Recommended(SELECTION, **more))  # type: ignore[arg-type]
    return [line.strip() for line in text.splitlines()]


def test_a_recommendation_says_what_share_of_all_time_its_queries_take() -> None:
    assert "1 query, 41 % of the time of all" in lines(time_shares={"q1": 0.41, "q2": 0.5})


def test_the_config_is_what_the_patch_changes_for_this_recommendation() -> None:
    shown = lines(patch=ConfigPatch((), (INDEX,), (), (STEP,)))
    at = shown.index("config  models/fct.sql")
    assert shown[at + 1 : at + 3] == ["- {{ config() }}", "+ {{ config(a=1) }}"]
    assert sum(line.startswith("config") for line in shown) == 1


def test_what_the_last_validation_measured_stands_beside_the_estimates() -> None:
    verdict = KeptVerdict(Decision.ACCEPT, 6.1, 180_000_000, 9_000_000)
    text = " ".join(lines(verdicts={INDEX.number_key: verdict}))
    gain = "gain    estimated 38.4 % of the workload's cost, measured 6.1x faster"
    assert f"{gain}, proven by the last validation" in text
    assert "costs   +210 MB (measured 180 MB), +8.1 s (measured 9 s) per dbt run" in text


def test_what_a_project_pins_or_forbids_is_shown_and_other_rejections_are_not() -> None:
    candidate = Candidate("index", INDEX.spec, frozenset(), "why")
    rejected = (
        Rejection(candidate, "ignored in meta.schema_evolve of model.shop.fct", is_wish=True),
        Rejection(candidate, "saves nothing"),
        Rejection(replace(candidate, is_pinned=True), "cannot be priced: no such column"),
    )
    text = recommendations_text(Recommended(replace(SELECTION, rejected=rejected)))
    text = " ".join(text.split())
    assert "because the project says so" in text
    assert "ignored in meta.schema_evolve" in text
    assert "Left out, though pinned: index:" in text
    assert "cannot be priced: no such column" in text
    assert "saves nothing" not in text


def test_what_cannot_be_priced_claims_no_gain() -> None:
    text = recommendations_text(Recommended(replace(SELECTION, recommendations=(TYPES,))))
    assert "gain    not priced: no plan of today shows it" in text
    assert "costs   \N{MINUS SIGN}320 MB, 0 \N{MICRO SIGN}s per dbt run" in text
    assert "by hand in models/fct_orders.sql cast quantity to smallint (line 12)" in text


def test_what_no_change_mends_is_told_below_with_or_without_recommendations() -> None:
    column = ColumnName(RelationName("marts", "orders"), "customer_id")
    notices = (Notice(column, "36 % of the rows share one value", "3 queries join on it."),)
    for recommendations in (SELECTION.recommendations, ()):
        selection = replace(SELECTION, notices=notices, recommendations=recommendations)
        text = " ".join(recommendations_text(Recommended(selection)).split())
        assert "To be known: 36 % of the rows share one value. 3 queries join on it." in text
