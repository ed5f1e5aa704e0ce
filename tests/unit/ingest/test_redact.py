"""A redacted statement keeps its fingerprint, can be read, and holds nobody's data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.ingest.redact import numbered, redacted
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.workload import QueryUses
from tests.unit.lineage.shop import Case, cases, shop

GOLDEN = {
    "constants": (
        "select 'x', 1, -2.5, true, null from t where a <> -5 and b is not null",
        "select $1, $2, $3, $4, $5 from t where a <> $6 and b is not null",
    ),
    "parameters keep their numbers": (
        "select a from t where b = $2 and c = 'x' and d = $1",
        "select a from t where b = $2 and c = $3 and d = $1",
    ),
    "comments and layout": (
        "/* ann@example.org */ select a -- bob\n\n  from t /*route='x'*/;",
        "select a from t",
    ),
    "lists": (
        "select a from t where b in (1, 2, 3) and c = any(array['x'::text, 'y'::text])",
        "select a from t where b in ($1) and c = any(array[$2])",
    ),
    "positions stay": ("select a from t order by 1, a desc limit 5",
                       "select a from t order by 1, a desc limit $1"),
    "sizes of types stay": ("select a::numeric(10, 2), cast('x' as varchar(3))",
                            "select a::numeric(10, 2), cast($1 as varchar(3))"),
    "fields of extract stay": ("select extract(year from a)", "select extract(year from a)"),
    "operators stay": ("select a->>'k' from t where b @> '{}' and c ? 'x' and d <> 1",
                       "select a->>$1 from t where b @> $2 and c ? $3 and d <> $4"),
    "a string that a name touches": ("select date'2020-01-01'", "select date $1"),
    "a string without an end": ("select a from t where b = 'and so on",
                                "select a from t where b = $1"),
    "dollar quotes": ("select $x$ secret $x$, E'a\\'b', U&'x'", "select $1, $2, $3"),
    "dbt's numbers": ('create temporary table "x__dbt_tmp123" as (select 1)',
                      'create temporary table "x__dbt_tmp" as (select $1)'),
}  # fmt: skip
PLACEHOLDERS = {
    "jdbc": ("select a from t where b = ? and c in (?, ?)",
             "select a from t where b = $1 and c in ($2, $3)"),
    "python": ("select a % s from t where b = %s and c=%(name)s",
               "select a % s from t where b = $1 and c=$2"),
    "named": ("select a::int from t where b = :name and c = '10:30'",
              "select a::int from t where b = $1 and c = '10:30'"),
    "operators of jsonb": ("select a ? 'x', a ?| b from t where c = ?",
                           "select a ? 'x', a ?| b from t where c = $1"),
}  # fmt: skip


@pytest.mark.parametrize("pair", GOLDEN.values(), ids=GOLDEN.keys())
def test_constants_become_parameters(pair: tuple[str, str]) -> None:
    assert redacted(pair[0]) == pair[1]


@pytest.mark.parametrize("pair", PLACEHOLDERS.values(), ids=PLACEHOLDERS.keys())
def test_placeholders_become_parameters(pair: tuple[str, str]) -> None:
    assert numbered(pair[0]) == pair[1]


words = st.sampled_from(
    ["select", "a", '"A b"', "from", "t", "where", "=", ">", "(", ")", ",", "in", "and", "'it''s'",
     "-1", "2.5", "$1", "null", "is", "not", "order by", "$$x$$", "::text", "ä", "varchar", "?",
     "extract", "year", "array", "[", "]", "-", "date", "$", "--x\n", "/*y*/", "E'\\''", "9"]
)  # fmt: skip
queries = st.builds(
    lambda parts, space: space.join(parts),
    st.lists(words, min_size=1, max_size=25),
    st.sampled_from([" ", "", "\n"]),
)


@given(st.one_of(queries, st.text(alphabet="ab '\"$/*-\n\\eE1;?(),:%é", max_size=60), st.text()))
def test_the_fingerprint_stays(text: str) -> None:
    assert fingerprint(redacted(text)) == fingerprint(text)


@given(queries)
def test_redacting_again_changes_nothing(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@given(
    st.text(alphabet="qQzZ0123456789@.", min_size=6, max_size=20),
    st.sampled_from(["'{}'", "$a${}$a$", "E'{}'", "'{}"]),
)
def test_no_constant_is_left(secret: str, quotes: str) -> None:
    text = f"select a from t where b = {quotes.format(secret)}"
    assert secret not in redacted(text)


# The parser takes no `$n` for the percentage of a sample.
CASES = [case for case in cases() if case.name != "table_samples"]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_lineage_reads_the_redacted_text_as_the_original(case: Case) -> None:
    before = query_uses("f", case.sql, shop())
    after = query_uses("f", redacted(case.sql), shop())
    if isinstance(before, QueryUses):
        assert isinstance(after, QueryUses), after
        assert _what(after) == _what(before)


def _what(uses: QueryUses) -> object:
    # What kind of predicate it is can hang on the constant: `like $1` may be a prefix.
    clauses = {"group", "order", "output"}
    kinds = {
        (u.column, u.kind if u.kind in clauses else "condition", u.position) for u in uses.uses
    }
    return uses.reads, uses.writes, kinds, [columns for _, columns in uses.outputs]
