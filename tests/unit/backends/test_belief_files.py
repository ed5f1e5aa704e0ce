"""What a project measured stays beside its history, and holds no names."""

from pathlib import Path

from dbt_schema_evolve.backends.belief import add_outcomes, read_outcomes
from dbt_schema_evolve.backends.belief.files import MOST, NAME
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.outcomes import Outcome
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

PATIENTS = RelationName("hospital", "patients")
INDEX = IndexSpec(PATIENTS, (IndexKey("name"),), where="name = 'Ada Lovelace'")


def outcome(number: int = 0) -> Outcome:
    before = PlanNode(0, "Seq Scan", PATIENTS, None, 10.0, 8, 0.0, 100.0)
    after = PlanNode(0, "Index Scan", PATIENTS, INDEX, 10.0, 8, 0.3, 8.5, 1.0, 2)
    return Outcome(f"q{number}", (before,), (after,), 0.5, 0.4, 0.6)


def test_outcomes_come_back_in_order_as_figures(tmp_path: Path) -> None:
    add_outcomes(tmp_path, [outcome(1)])
    add_outcomes(tmp_path, [outcome(2)])
    found = read_outcomes(tmp_path)
    assert [each.query for each in found] == ["q1", "q2"]
    (node,) = found[0].after
    assert node == PlanNode(0, "Index Scan", None, None, 10.0, 8, 0.3, 8.5, 1.0, 2)
    assert found[0].label is outcome().label


def test_no_name_and_no_constant_is_kept(tmp_path: Path) -> None:
    add_outcomes(tmp_path, [outcome()])
    text = (tmp_path / NAME).read_text(encoding="utf-8")
    assert not any(word in text for word in ("hospital", "patients", "name", "Ada"))


def test_a_line_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    add_outcomes(tmp_path, [outcome(1)])
    with (tmp_path / NAME).open("a", encoding="utf-8") as file:
        file.write('{"query": "cut off\n[]\n{"query": "q", "before": 1, "after": 2}\n')
    add_outcomes(tmp_path, [outcome(2)])
    assert [each.query for each in read_outcomes(tmp_path)] == ["q1", "q2"]


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    add_outcomes(tmp_path, (outcome(number) for number in range(MOST + 3)))
    found = read_outcomes(tmp_path)
    assert len(found) == MOST
    assert found[0].query == "q3"


def test_nothing_was_measured_yet(tmp_path: Path) -> None:
    assert read_outcomes(tmp_path) == ()
