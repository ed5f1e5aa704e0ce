"""Who sent a statement, as the comments of clients say it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.tags import tags

CASES = {
    "sqlcommenter behind": (
        "select 1 /*application='shop',route='%2Fapi%2Forders',traceparent='00-ab-cd-01'*/",
        {("application", "shop"), ("route", "/api/orders"), ("traceparent", "00-ab-cd-01")},
    ),
    "sqlcommenter before, with a quote in it": (
        r"/* route='it\'s %22here%22' */ select 1",
        {("route", 'it\'s "here"')},
    ),
    "dbt": (
        """/* {"app": "dbt", "dbt_version": "1.11.16", "profile_name": "p", "target_name": "prod",
        "node_id": "model.shop.orders"} */ select 1""",
        {("application", "dbt"), ("dbt_node_id", "model.shop.orders"), ("dbt_profile", "p"),
         ("dbt_target", "prod"), ("dbt_version", "1.11.16")},
    ),
    "Metabase": (
        "-- Metabase:: userID: 17 queryType: native queryHash: 4fab12\nselect 1",
        {("bi_tool", "metabase"), ("bi_user", "17"), ("bi_query", "4fab12")},
    ),
    "Metabase for nobody": ("-- Metabase\nselect 1", {("bi_tool", "metabase")}),
    "Rails": (
        "select 1 /*application:Shop,controller:orders,action:show*/",
        {("application", "Shop"), ("controller", "orders"), ("action", "show"),
         ("route", "orders#show")},
    ),
    "a Rails job with quotes": (
        "select 1 /*application:'Shop',job:'Nightly'*/",
        {("application", "Shop"), ("job", "Nightly")},
    ),
    "a route goes before its controller": (
        "select 1 /*controller='c',route='/a'*/", {("controller", "c"), ("route", "/a")},
    ),
    "Looker's derived tables": (
        """select 1 -- Looker Query Context '{"user_id":null,"instance_slug":"7e"}'""",
        {("bi_tool", "looker")},
    ),
    "Redash without a saved query": (
        "/* Username: ann, query_id: adhoc, Queue: queries, Job ID: 1, Query Hash: ab */ select 1",
        {("bi_tool", "redash"), ("bi_user", "ann")},
    ),
    "prose with a colon": ("select 1 /* note: application:x, really */", set()),
    "Looker": (
        """-- Looker Query Context '{"user_id":3,"history_slug":"ab"}'\nselect 1""",
        {("bi_tool", "looker"), ("bi_user", "3")},
    ),
    "Redash": (
        """/* Username: ann, query_id: 12, Queue: queries, Job ID: 1-2, Query Hash: ab,
        Scheduled: False */ select 1""",
        {("bi_tool", "redash"), ("bi_user", "ann"), ("bi_query", "12")},
    ),
    "Superset's SQL Lab": (
        "-- [SQL LAB] bob 2026-01-01T00:00:00\nselect 1",
        {("bi_tool", "superset"), ("bi_user", "bob")},
    ),
    "prose": ("select 1 -- where a = 'b' holds, mostly", set()),
    "other JSON": ('/* {"a": [1]} */ /* {"app": "dbt" */ select 1', set()),
    "a comment inside a string": ("select '/*application=''x''*/'", set()),
    "both": (
        "/*application='a'*/ select 1 /*route='r'*/",
        {("application", "a"), ("route", "r")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_comments_are_understood(text: str, expected: set[tuple[str, str]]) -> None:
    assert tags(text) == expected


@given(st.text(max_size=200))
def test_no_comment_breaks_it(text: str) -> None:
    assert isinstance(tags(f"/*{text}*/"), frozenset)
