"""A model's code is the same until it says something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.code import code_digest

CODE = """{{ config(materialized='table', meta={'owner': {'team': 'bi'}}) }}
-- what the shop sold; don't ask
select o."Id", o.amount, 'it''s -- new' as note /* of a sale */
from {{ ref('stg_orders') }} o
where o.status <> 'void' {# as agreed #}
"""
SAME = """select
    O."Id",
    O.amount,
    'it''s -- new' as NOTE
from {{ ref('stg_orders') }} O
where O.status <> 'void'
{{- config(materialized = 'view', indexes=[{'columns': ['id']}]) -}}
"""


def test_comments_layout_letter_case_and_config_make_no_other_code() -> None:
    assert code_digest(CODE) == code_digest(SAME)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("'void'", "'lost'"),  # a filter lets other rows through
        ("'it''s -- new'", "'it''s --  new'"),
        ('"Id"', '"ID"'),
        ("{{ ref('stg_orders') }} o", "{{ ref('stg_orders') }} o cross join (values (1), (2)) l"),
        ("stg_orders", "stg_events"),
    ],
)
def test_another_constant_name_or_join_is_other_code(before: str, after: str) -> None:
    assert before in CODE
    assert code_digest(CODE) != code_digest(CODE.replace(before, after))


def test_code_that_is_not_known_has_no_digest() -> None:
    assert code_digest("") == code_digest(" \n-- nothing yet") == ""


@given(st.text("ab'\"-/*{}# \n(),", max_size=30))
def test_any_text_has_one_digest_however_broken_it_is(text: str) -> None:
    assert code_digest(text) == code_digest(text + "\n")
    assert len(code_digest(text)) in {0, 16}
