"""A lineage diff fits a terminal and a comment, whatever names are in it."""

from dbt_schema_evolve.records.lineage_changes import Aspect, LineageChange, LineageDiff
from dbt_schema_evolve.report.lineage_changes import changes_markdown, changes_text

FCT, STG = "model.shop.fct_orders", "model.shop.stg_orders"
CHANGES = (
    LineageChange(FCT, Aspect.MATERIALIZATION, "view", "table"),
    LineageChange(FCT, Aspect.CODE, "0" * 16, "f" * 16),
    LineageChange(FCT, Aspect.COLUMN, None, "numeric(10,2)", "discount"),
    LineageChange(FCT, Aspect.COLUMN, "", None, "old"),
    LineageChange(FCT, Aspect.TYPE, "integer", "bigint", "id"),
    LineageChange(FCT, Aspect.RELATION_EDGE, None, "", "", "source.shop.raw.payments"),
    LineageChange(FCT, Aspect.COLUMN_EDGE, None, "rename", "discount", STG, "rebate"),
    LineageChange(FCT, Aspect.EDGE_KIND, "identity", "cast", "id", STG, "id"),
    LineageChange(FCT, Aspect.EXPRESSION, "", "id::bigint", "id", STG, "id"),
    LineageChange(FCT, Aspect.INDIRECT_EDGE, "filter", None, "", STG, "status"),
    LineageChange("model.shop.gone", Aspect.NODE, "model", None),
    LineageChange("model.shop.gone", Aspect.COLUMN, "integer", None, "id"),
    LineageChange("model.shop.gone", Aspect.COLUMN_EDGE, "identity", None, "id", STG, "id"),
    LineageChange("model.shop.new_name", Aspect.RENAMED, "model.shop.name", "model.shop.new_name"),
    LineageChange("seed.shop.codes", Aspect.NODE, None, "seed"),
)
DIFF = LineageDiff("the first", "the second", CHANGES)


def test_a_terminal_sees_the_changes_under_their_nodes() -> None:
    assert changes_text(DIFF).splitlines() == [
        "from  the first",
        "to    the second",
        "",
        "~ fct_orders",
        "    ~ materialization: view -> table",
        "    ~ its code",
        "    + column discount (numeric(10,2))",
        "    - column old",
        "    ~ type of id: integer -> bigint",
        "    + reads raw.payments",
        "    + stg_orders.rebate -> discount: rename",
        "    ~ stg_orders.id -> id: identity -> cast",
        "    ~ SQL of stg_orders.id -> id: nothing -> id::bigint",
        "    - rows depend on stg_orders.status: filter",
        "- gone  (model, 1 column, 1 edge)",
        "~ new_name",
        "    ~ renamed from name",
        "+ codes  (seed, 0 columns, 0 edges)",
        "",
        "1 node appeared, 1 node vanished, 2 nodes changed, 1 column of another type.",
    ]


def test_a_comment_has_the_same_changes_in_code_spans() -> None:
    text = changes_markdown(DIFF)
    assert text.startswith("### Lineage\n\nFrom the first to the second.\n\n1 node appeared")
    assert "**~ `fct_orders`**\n\n- ~ materialization: `view` -> `table`\n- ~ its code\n" in text
    assert "- + `stg_orders.rebate` -> `discount`: `rename`\n" in text
    assert "**- `gone`** model, 1 column, 1 edge\n" in text


def test_nothing_is_said_in_words() -> None:
    nothing = LineageDiff("the first", "the second", ())
    assert changes_text(nothing).endswith("Nothing changed in the flow of data.")
    assert changes_markdown(nothing).endswith("Nothing changed in the flow of data.\n")


def test_names_with_markup_stay_names() -> None:
    hostile = "<b>`|*{node}\n# x"
    changes = (
        LineageChange(f"model.shop.{hostile}", Aspect.TYPE, hostile, hostile, hostile),
        LineageChange("model.shop.z", Aspect.COLUMN_EDGE, None, "cast", hostile, hostile, hostile),
    )
    text = changes_markdown(LineageDiff(hostile, hostile, changes))
    assert "\\<b\\>\\`\\|\\*" in text.splitlines()[2]
    assert not [line for line in text.splitlines()[1:] if line.startswith("#")]
    assert "``<b>`|*{node} # x``" in text


def test_a_comment_is_never_longer_than_a_host_takes() -> None:
    changes = tuple(
        LineageChange(f"model.shop.m{number:05}", Aspect.TYPE, "integer", "bigint", "id")
        for number in range(3_000)
    )
    text = changes_markdown(LineageDiff("the first", "the second", changes))
    assert len(text) < 65_536
    shown = text.count("- ~ type of")
    assert f"And {3_000 - shown:,} more nodes" in text
