"""An expression can be a key where no session's settings can change its result."""

import pytest

from dbt_schema_evolve.recommend.expression import is_immutable


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ('lower("email")', "text"),
        ("\"data\" ->> 'id'", "jsonb"),
        ('"at"::date', "timestamp without time zone"),
        ("date_trunc('month', \"at\")", "timestamp without time zone"),
        ("date_trunc('month', \"at\" at time zone 'UTC')", "timestamp with time zone"),
        ("to_tsvector('english', \"body\")", "text"),
        ('extract(year from "day")', "date"),
        ('"n" % 7', "integer"),
    ],
)
def test_the_same_in_every_session(expression: str, kind: str) -> None:
    assert is_immutable(expression, {kind})


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ('"at"::date', "timestamp with time zone"),
        ("date_trunc('month', \"at\")", "timestamp with time zone"),
        ("date_trunc('month', \"day\")", "date"),
        ('to_tsvector("body")', "text"),
        ("to_char(\"at\", 'YYYY')", "timestamp without time zone"),
        ('"text"::date', "text"),
        ('cast("day" as text)', "date"),
        ("concat(\"a\", 'x')", "text"),
    ],
)
def test_not_the_same(expression: str, kind: str) -> None:
    assert not is_immutable(expression, {kind})
