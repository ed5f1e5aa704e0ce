"""The parts of the adapter that need neither dbt running nor a database."""

import pytest
from dbt.adapters.exceptions import IndexConfigError
from dbt.adapters.pgevolve.indexes import PgEvolveIndexConfig, configured_indexes, same_sql
from dbt.adapters.pgevolve.plans import explain_sql, summary
from dbt.adapters.pgevolve.relation import ViewIndex


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"columns": []}, "`columns` is empty"),
        ({"columns": ["a"], "where": "  "}, "`where` is empty"),
        ({"columns": ["a"], "where": "WHERE a > 1"}, "without the word"),
        ({"columns": ["a"], "where": "a > 1;"}, "semicolon"),
        ({"columns": ["a"], "include": ["b"], "type": "gin"}, "a gin index takes no `include`"),
        ({"columns": ["a"], "unique": True, "type": "brin"}, "a brin index cannot be `unique`"),
        ({"columns": ["a"], "include": "b"}, "'b' is not"),
        ("a", "'a' is not of type 'object'"),
    ],
)
def test_an_entry_that_cannot_work_is_refused(entry: object, complaint: str) -> None:
    with pytest.raises(IndexConfigError, match=complaint):
        PgEvolveIndexConfig.parse(entry)


def test_entries_of_postgres_are_taken_as_they_are() -> None:
    index = PgEvolveIndexConfig.parse({"columns": ["a", "b desc"], "unique": True, "type": "btree"})
    assert index is not None
    assert (index.columns, index.unique, index.where, index.include) == (
        ["a", "b desc"], True, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "meta", [None, {}, {"schema_evolve": None}, {"schema_evolve": {"x": 1}}, "?"]
)
def test_other_meta_adds_no_index(meta: object) -> None:
    assert configured_indexes({"indexes": [{"columns": ["a"]}], "meta": meta}) == [
        {"columns": ["a"]}
    ]


def test_spellings_of_one_column_compare_equal() -> None:
    assert same_sql("ID") == same_sql(' "id" ') == "id"
    assert same_sql('"ID"') != "id"
    assert same_sql("lower( x )\n") == same_sql("lower( x )")


def test_order_of_columns_and_the_word_desc_make_another_index() -> None:
    def of(*columns: str) -> ViewIndex:
        return ViewIndex.from_config({"columns": list(columns)})

    assert len({of("a", "b"), of("b", "a"), of("a desc", "b"), of("A", '"b"')}) == 3


def test_an_index_without_our_comment_is_read_from_the_catalog() -> None:
    found = ViewIndex.from_catalog(
        '{"name": "n", "type": "btree", "unique": true, "columns": ["a", "\\"B\\" desc"],'
        ' "include": [], "where": "a > 1", "written": null}'
    )
    assert found == ViewIndex.from_config(
        {"columns": ["A", '"B" desc'], "where": "a > 1", "unique": True}
    )
    assert found.name == "n"


def test_the_query_cannot_leave_its_literal() -> None:
    sent = explain_sql("select '\\'; drop table x --'")
    assert "E'select ''\\\\''; drop table x --'''" in sent


def test_no_answer_means_no_plan() -> None:
    assert summary("") is None


def test_the_costliest_nodes_come_first_by_their_own_cost() -> None:
    plan = (
        '[{"Plan": {"Node Type": "Limit", "Total Cost": 10.0, "Plan Rows": 5, "Plans": ['
        '{"Node Type": "Sort", "Total Cost": 90.0, "Plan Rows": 100, "Plans": ['
        '{"Node Type": "Index Scan", "Total Cost": 80.0, "Plan Rows": 100,'
        ' "Relation Name": "t", "Schema": "s", "Index Name": "i"}]}]}}]'
    )
    assert summary(plan) == {
        "estimated_cost": 10.0,
        "estimated_rows": 5,
        "nodes": [
            {
                "type": "Index Scan",
                "estimated_cost": 80.0,
                "schema": "s",
                "relation": "t",
                "index": "i",
            },
            {"type": "Sort", "estimated_cost": 10.0},
            {"type": "Limit", "estimated_cost": 0.0},
        ],
    }
