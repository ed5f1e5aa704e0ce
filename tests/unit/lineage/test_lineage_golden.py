"""What lineage says of each construct of Postgres' SQL, one file a construct."""

import os
from pathlib import Path

import pytest
import yaml

from dbt_schema_evolve.lineage.sql.bind import bind
from dbt_schema_evolve.lineage.sql.safety import is_read_only
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.workload import QueryUses, Skip
from tests.unit.lineage.shop import GOLDEN, Case, cases, described, shop

SCHEMA = shop()


@pytest.mark.skipif("SCHEMA_EVOLVE_GOLDEN" in os.environ, reason="being rewritten")
@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.id)
def test_a_statement_means_what_the_golden_file_says(case: Case) -> None:
    assert described(case.sql, SCHEMA) == case.expected


@pytest.mark.skipif("SCHEMA_EVOLVE_GOLDEN" not in os.environ, reason="only `make golden` writes")
@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.yml")), ids=lambda file: file.stem)
def test_golden_files_are_rewritten(file: Path) -> None:
    found = {
        case.name: {"sql": case.sql, **described(case.sql, SCHEMA)} for case in cases(file.stem)
    }
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=98)
    file.write_text(text.replace("\n\n", "\n"), encoding="utf-8")


def test_the_order_of_questions_does_not_change_an_answer() -> None:
    """Views are expanded once and remembered: a later question gets the same answer."""
    fresh = {case.id: described(case.sql, shop()) for case in cases("views")}
    again = {case.id: described(case.sql, SCHEMA) for case in cases("views")}
    assert again == fresh


@pytest.mark.parametrize("case", [*cases()], ids=lambda case: case.id)
def test_a_statement_cut_short_anywhere_is_answered_or_left_out(case: Case) -> None:
    """pg_stat_activity and logs cut texts; what is left may be anything."""
    for end in range(0, len(case.sql), 7):
        text = case.sql[:end]
        assert isinstance(query_uses("f", text, SCHEMA), QueryUses | Skip)
        assert isinstance(bind(text, SCHEMA, lambda *_: None), str | Skip)
        assert isinstance(is_read_only(text), bool)
