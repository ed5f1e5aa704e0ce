"""A fingerprint stands for what a query does: literals, layout and dbt's numbers do not matter."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.fingerprint import fingerprint, is_ours, normalised
from dbt_schema_evolve.ingest.lexer import tokens

SAME = {
    "literals and parameters": (
        "select 1 from t where a = 'x' and b = 2",
        "select $1 from t where a = $2 and b = $3",
    ),
    "white space and keyword case": ("SELECT  a\n FROM t", "select a from t"),
    "comments": ("/* who */ select a -- why\n from t /* a /* nested */ one */", "select a from t"),
    "list lengths": ("select a from t where b in (1, 2, 3)", "select a from t where b in (7)"),
    "the list of Postgres 18": (
        "select a from t where b in ('x', 'y')",
        "select a from t where b IN ($1 /*, ... */)",
    ),
    "casts in lists": (
        "select a from t where b in ('x'::text, 'y'::varchar(3))",
        "select a from t where b in ('z')",
    ),
    "casts to arrays": (
        "select a from t where b in ('{x}'::text[], '{}'::text[][])",
        "select a from t where b in ($1)",
    ),
    "array lengths": (
        "select a from t where b = any(array[1,2])",
        "select a from t where b = any(ARRAY[$1 /*, ... */])",
    ),
    "numbers that dbt adds": ('select a from "x__dbt_tmp123"', 'select a from "x__dbt_tmp98765"'),
    "names of dbt's indexes": (
        'create index "0123456789abcdef0123456789abcdef" on t (a)',
        'create index "f123456789abcdef0123456789abcdef" on t (a)',
    ),
    "negative numbers": ("select a from t where b = -5", "select a from t where b = $1"),
    "signs of signs": ("select a from t where b = - -5", "select a from t where b = $1"),
    "truth and null as values": ("select true, null", "select $1, $2"),
    "fields of extract": ("select extract(year from a) from t", "select extract($1 from a) from t"),
    "dollar quotes and escapes": ("select $x$ it's $x$, E'a\\'b', U&'x'", "select 'a', 'b', 'c'"),
    "a semicolon at the end": ("select a from t;", "select a from t"),
    "constants inside windows": (
        "select sum(a) over (order by 1) from t",
        "select sum(a) over (order by $1) from t",
    ),
}
DIFFERENT = {
    "columns": ("select a from t", "select b from t"),
    "quoted names keep their case": ('select "A" from t', 'select "a" from t'),
    "positions in order by": ("select a, b from t order by 1", "select a, b from t order by 2"),
    "positions in group by": ("select a, b from t group by 1, 2", "select a, b from t group by 1"),
    "positions behind a union of parentheses": (
        "(select a, b from t) union (select b, a from t) order by 1",
        "(select a, b from t) union (select b, a from t) order by 2",
    ),
    "tests for null": ("select a from t where b is null", "select a from t where b is not null"),
    "subtraction": ("select a - 1 from t", "select a, 1 from t"),
    "lists of columns": ("select a from t where b in (c, d)", "select a from t where b in (c)"),
    "operators": ("select a from t where b < 1", "select a from t where b <= 1"),
    "a name that looks like a comment": ('select "--a" from t', 'select "--b" from t'),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_does_not_matter(pair: tuple[str, str]) -> None:
    assert normalised(pair[0]) == normalised(pair[1])
    assert fingerprint(pair[0]) == fingerprint(pair[1])


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_matters(pair: tuple[str, str]) -> None:
    assert fingerprint(pair[0]) != fingerprint(pair[1])


def test_a_fingerprint_is_the_same_on_every_machine() -> None:
    assert fingerprint("select a from t where b = 1") == "091231dbaea81927"


words = st.sampled_from(
    ["select", "a", '"A b"', "from", "t", "where", "=", ">", "(", ")", ",", "in", "and", "'it''s'",
     "-1", "2.5", "$1", "null", "is", "not", "order by", "$$x$$", "::text", "ä"]
)  # fmt: skip
queries = st.lists(words, min_size=1, max_size=25).map(" ".join)


@given(queries)
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalised(text)
    # `?` stands for a literal; read again, it has to stand for one still.
    assert normalised(re.sub(r"(?<![\w\"])\?", "$1", once)) == once


@given(queries, st.sampled_from(["/* x */", "-- y\n", "\n\t ", "/* /* z */ */"]))
def test_comments_and_space_at_the_ends_never_matter(text: str, noise: str) -> None:
    assert fingerprint(noise + text) == fingerprint(f"{text} {noise}") == fingerprint(text)


@given(st.text(max_size=80))
def test_any_text_has_a_fingerprint_of_sixteen_digits(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", fingerprint(text))


@given(st.text(alphabet="ab '\"$/*-\n\\eE1;", max_size=60))
def test_the_lexer_loses_nothing_but_space(text: str) -> None:
    found = "".join(token.text for token in tokens(text))
    kept = [letter for letter in text if not letter.isspace()]
    assert [letter for letter in found if not letter.isspace()] == kept


@pytest.mark.parametrize(
    "text",
    [
        "select /* schema_evolve: capture */ 1",
        "select 1 -- schema-evolve",
        'insert into "schema_evolve"."snapshots" select 1',
        '/* {"app": "dbt", "node_id": "operation.schema_evolve.capture"} */ select 1',
    ],
)
def test_our_own_statements_are_known(text: str) -> None:
    assert is_ours(text)


@pytest.mark.parametrize(
    "text",
    [
        "select 'schema_evolve' from t",
        '/* {"app": "dbt", "node_id": "model.schema_evolve_demo.orders"} */ select 1',
        "select schema_evolve from t",
        "/* not about schema_evolve */ select 1",
    ],
)
def test_others_statements_are_not_ours_for_a_likeness(text: str) -> None:
    assert not is_ours(text)
