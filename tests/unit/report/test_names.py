"""Readers meet queries by their SQL, not by a hash."""

from dbt_schema_evolve.report.names import spelled_out

LABELS = {
    "0123456789abcdef": "select a, `b` from t where c = $1 and d in ($2, $3) and e > $4 and f"
}


def test_known_fingerprint_becomes_the_beginning_of_its_query() -> None:
    assert spelled_out("Largest gain: 0123456789abcdef, by far.", LABELS) == (
        "Largest gain: `select a, 'b' from t where c = $1 and d in ($2, $3) and e …`, by far."
    )


def test_unknown_fingerprint_and_other_numbers_stay() -> None:
    text = "fedcba9876543210 took 12345678901234567 us"
    assert spelled_out(text, LABELS) == text
