"""Indexes are the same when Postgres could use one for the other, whatever they are called."""

import pytest

from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.predicates import normal_predicate
from dbt_schema_evolve.records.relations import RelationName

ORDERS = RelationName("marts", "orders")
A, B, C = IndexKey("a"), IndexKey("b"), IndexKey("c")


def index(*keys: IndexKey, **more: object) -> IndexSpec:
    return IndexSpec(ORDERS, keys, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("existing", "wanted"),
    [
        (index(A, B), index(A)),
        (index(A, B), index(A, B)),
        (index(A, B, unique=True), index(A, B)),
        (index(A, include=("b", "c")), index(A, include=("c",))),
        (index(A, B), index(A, include=("b",))),
        (index(A), index(A, where='"a" is not null')),
        (index(A, where="(b = 1)"), index(A, where='"b" = 1')),
        (
            index(A, B),
            index(
                IndexKey("a", descending=True, nulls_first=True),
                IndexKey("b", descending=True, nulls_first=True),
            ),
        ),
        (index(A, B, method="brin"), index(B, method="brin")),
        (index(A, B, method="gin"), index(B, method="gin")),
        (index(IndexKey("a", operator_class="int4_ops"), B), index(A)),
        (index(A), index(IndexKey("a", operator_class="pg_catalog.text_ops"))),
        (
            index(IndexKey("a", operator_class='"Ext".gin_trgm_ops'), method="gin"),
            index(IndexKey("a", operator_class="gin_trgm_ops"), method="gin"),
        ),
        (
            index(IndexKey("a", operator_class="varchar_pattern_ops")),
            index(IndexKey("a", operator_class="text_pattern_ops")),
        ),
        (
            index(IndexKey("lower((a)::text)", is_expression=True)),
            index(IndexKey('lower("a")', is_expression=True)),
        ),
        # jsonb's default class looks up paths as well, and a btree equal values.
        (
            index(A, method="gin"),
            index(IndexKey("a", operator_class="jsonb_path_ops"), method="gin"),
        ),
        (index(A, B), index(A, method="hash")),
    ],
)
def test_one_serves_the_other(existing: IndexSpec, wanted: IndexSpec) -> None:
    assert serves(existing, wanted)


@pytest.mark.parametrize(
    ("existing", "wanted"),
    [
        (index(A), index(A, B)),
        (index(B, A), index(A)),
        (index(A), index(A, unique=True)),
        (index(A), index(A, include=("b",))),
        (index(A, where="b = 1"), index(A)),
        # The smaller one may be far cheaper: a question of price.
        (index(A), index(A, where="b = 1")),
        (index(A, where="b = 1"), index(A, where="b = 2")),
        (index(A, where="b = 'X'"), index(A, where="b = 'x'")),
        (index(A, B), index(A, IndexKey("b", descending=True, nulls_first=True))),
        (index(A), index(IndexKey("a", operator_class="text_pattern_ops"))),
        (index(A), index(IndexKey("a", is_expression=True))),
        (index(A, method="hash"), index(A)),
        (index(A, method="gin"), index(A)),
        (index(A, method="brin"), index(A, method="hash")),
        (index(A), index(IndexKey('a COLLATE "C"', is_expression=True))),
        (index(IndexKey("a", operator_class="inet_ops"), method="gist"), index(A, method="gist")),
        (
            index(IndexKey("a", operator_class="jsonb_path_ops"), method="gin"),
            index(A, method="gin"),
        ),
    ],
)
def test_one_does_not_serve_the_other(existing: IndexSpec, wanted: IndexSpec) -> None:
    assert not serves(existing, wanted)


def test_an_index_of_another_table_serves_nothing() -> None:
    elsewhere = IndexSpec(RelationName("staging", "orders"), (A,))
    assert not serves(elsewhere, index(A))


@pytest.mark.parametrize(
    ("postgres", "ours"),
    [
        ("((status)::text = 'Open'::text)", "\"status\" = 'Open'"),
        ("(status = 'it''s'::character varying(20))", "\"status\" = 'it''s'"),
        ("(at = '2026-01-01 00:00:00'::timestamp without time zone)", "at = '2026-01-01 00:00:00'"),
        ('("Größe" IS NOT NULL)', '"Größe" is not null'),
    ],
)
def test_predicates_compare_equal_in_either_spelling(postgres: str, ours: str) -> None:
    assert normal_predicate(postgres) == normal_predicate(ours)


def test_literals_and_quoted_capitals_keep_their_case() -> None:
    assert normal_predicate("a = 'OPEN'") != normal_predicate("a = 'open'")
    assert normal_predicate('"A" = 1') != normal_predicate('"a" = 1')
