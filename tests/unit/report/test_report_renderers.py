"""The report's two renderers: complete, escaped, self-contained, and the same every time."""

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dbt_schema_evolve.records.answers import Place
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec, Notice, QueryBenefit
from dbt_schema_evolve.records.forecasts import Cause, CauseKind, Forecast
from dbt_schema_evolve.records.lineage import Consumer, LineageGraph, LineageNode
from dbt_schema_evolve.records.prospects import (
    Affected,
    Foresight,
    Limit,
    Prospect,
    Spoke,
    Waiting,
)
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.trials import Decision, SpeedComparison, Trial, Verdict
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report import html, markdown
from dbt_schema_evolve.report.contents import ReportInput
from tests.unit.report.ahead import ALARM, CALM, FORESIGHT
from tests.unit.report.sample import NOW, SPEEDS, recommendation, report

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
HOSTILE = "<script>alert(\"1\")</script><img src=x onerror='x'>&amp;|`*_[a](b) \u202e"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that elements nest, and remembers tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_foresight() -> Foresight:
    cause = Cause(CauseKind.SKEW, HOSTILE, 0.5, HOSTILE)
    slower = Forecast(HOSTILE, NOW, 1.0, 1.0, 2.0, 1.0, 3.0, 0.9, HOSTILE, "x", 0.7, (cause, cause))
    prospect = Prospect(
        HOSTILE, HOSTILE, slower, Limit(1.5, HOSTILE), None, True,
        Affected((Place(HOSTILE, "", HOSTILE, HOSTILE),), (Waiting(HOSTILE, HOSTILE, HOSTILE),)),
    )  # fmt: skip
    column = ColumnName(RelationName(HOSTILE, HOSTILE), HOSTILE)
    alarm = replace(ALARM, column=column, type=HOSTILE, values_of=column, affected=(column,))
    spoke = Spoke(HOSTILE, HOSTILE)
    return Foresight(NOW, 1.0, spoke, (prospect,), (), (alarm,), (HOSTILE,))


def hostile() -> ReportInput:
    """A report in which every name and sentence tries to break out."""
    item = recommendation(
        HOSTILE,
        IndexSpec(RelationName(HOSTILE, HOSTILE), (IndexKey(HOSTILE),), where=HOSTILE),
        model_id=HOSTILE,
        reason=HOSTILE,
        evidence=(HOSTILE,),
        benefits=(QueryBenefit(HOSTILE, 1, 1.0, 1.0),),
        consumers=(HOSTILE,),
        undo=HOSTILE,
        by_hand=HOSTILE,
    )
    verdict = Verdict(item, Decision.REJECT, (HOSTILE,), None)
    speed = SpeedComparison(HOSTILE, 1, 1.0, 1.0, 1.0, 0.9, 1.1)
    node = LineageNode(HOSTILE, HOSTILE, HOSTILE)
    return ReportInput(
        title=HOSTILE,
        generated_at=NOW,
        headline=((HOSTILE, HOSTILE),),
        recommendations=(item,),
        verdicts=(verdict,),
        trials=(Trial(1, (item,), (), (speed,), (), (verdict,)),),
        foresight=hostile_foresight(),
        notices=(Notice(ColumnName(RelationName(HOSTILE, HOSTILE), HOSTILE), HOSTILE, HOSTILE),),
        graph=LineageGraph((node,), (), (), consumers=(Consumer("c", HOSTILE, HOSTILE),)),
        labels={HOSTILE: HOSTILE},
        diff=f"diff --git a/{HOSTILE} b/{HOSTILE}\n+{HOSTILE}\n",
        skips=(Skip(HOSTILE, HOSTILE),),
        not_looked_at=(Skip(HOSTILE, HOSTILE),),
        full_refresh=(HOSTILE,),
    )


def large() -> ReportInput:
    """A report on a big project with much to say."""
    sql = "select " + ", ".join(f"column_{number}" for number in range(200))
    items = tuple(
        recommendation("index", IndexSpec(RelationName("s", f"t{n}"), (IndexKey("a"),)))
        for n in range(400)
    )
    speeds = tuple(replace(SPEEDS[0], fingerprint=f"q{number}") for number in range(1_000))
    nodes = tuple(LineageNode(f"model.p.m{n}", "model", f"m{n}") for n in range(5_000))
    return replace(
        report(),
        recommendations=items,
        trials=(Trial(1, items, (), speeds, (), ()),),
        labels={f"q{number}": sql for number in range(1_000)},
        graph=LineageGraph(nodes, (), ()),
        foresight=replace(FORESIGHT, prospects=(CALM,) * 2_000, alarms=(ALARM,) * 500),
        diff="".join(f"+{'x' * 90} {number}\n" for number in range(10_000)),
        skips=tuple(Skip(f"s{number}", "why " * 30) for number in range(2_000)),
    )


REPORTS = {
    "sample": report(),
    "hostile": hostile(),
    "large": large(),
    "empty": ReportInput("nothing", NOW, ()),
}


def test_markdown_is_as_it_was_read_last() -> None:
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        (GOLDEN / "sample.md").write_text(markdown.render(report()), encoding="utf-8")
    assert markdown.render(report()) == (GOLDEN / "sample.md").read_text(encoding="utf-8")


def test_markdown_of_nothing_says_so() -> None:
    assert markdown.render(REPORTS["empty"]) == (GOLDEN / "empty.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_is_well_formed_small_and_the_same_twice(name: str) -> None:
    text = html.render(REPORTS[name])
    Page(text)
    assert len(text.encode()) < 300_000
    assert html.render(REPORTS[name]) == text


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_asks_nobody_for_anything(name: str) -> None:
    text = html.render(REPORTS[name])
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [value for key, value in page.attributes if key == "src" or key.startswith("on")]
    assert all(value.startswith("#") for key, value in page.attributes if key == "href" and value)
    style = text[text.index("<style>") : text.index("</style>")]
    assert not re.search(r"url\(|@import|//", style)


def test_names_cannot_become_markup() -> None:
    text = html.render(hostile())
    assert "<script" not in text
    assert "alert(" in Page(text).text


def test_a_page_tells_all_there_is_to_tell() -> None:
    words = Page(html.render(report())).text
    for expected in (
        "shop: what to change, and why", "2026-11-23 06:30 UTC", "6.1x", "+214 MB", "+7.6 s",
        "marts.fct_orders (customer_id, ordered_at desc nulls last)", "Sales dashboard",
        "q3 is 1.25x slower (1.17 to 1.33)", "it would save 0.02 % of the cost for 90 MB",
        "{'columns': ['customer_id', 'ordered_at desc']}", "raw.events grows 4.0 % a day",
        "What breaks within 30 days", "in 9 days (6..15)", "82 %",
        "1 min 18 s (1 min 3 s to 1 min 42 s",
        "limit 1 min 0 s (meta.schema_evolve.limit_seconds)",
        "36 % of its rows share one key (20 % of what speaks for it)", "dashboard Sales (finance)",
        "Forecast by the prior: it ships with the package", "3 queries join on it",
        "integer key raw.events.id overflows in 41 days (39..43)",
        "marts.fct_orders (quantity smallint)",
        "no model of this project owns the relation", "the role may not read it",
        "3 models, 2 sources, 1 consumer", "dbt run --full-refresh",
    ):  # fmt: skip
        assert expected in words


def test_what_a_large_page_leaves_out_it_counts() -> None:
    words = Page(html.render(large())).text
    assert "and 9,200 more lines" in words
    assert "and 1,940 more" in words


def test_a_page_without_a_look_ahead_says_nothing_of_it() -> None:
    text = html.render(replace(report(), foresight=None, notices=()))
    assert 'id="forecasts"' not in text
    assert 'id="columns"' not in text


def test_what_is_likely_to_degrade_without_a_date_is_told_as_likely() -> None:
    calm = replace(CALM, breaks=True)
    ahead = replace(FORESIGHT, prospects=(calm,), alarms=())
    assert '<td data-label="breaks">likely</td>' in html.render(replace(report(), foresight=ahead))


def test_a_long_list_of_forecasts_fits_into_a_comment() -> None:
    text = markdown.render(REPORTS["large"])
    ahead = text[text.index("## What breaks") : text.index("## Lineage")]
    assert "Less urgent: 1,970 more." in ahead
    assert len(ahead) < 20_000


def test_a_sql_comment_that_goes_is_not_taken_for_a_file_s_name() -> None:
    diff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1 @@\n--- note\n select 1\n"
    text = html.render(replace(report(), diff=diff))
    assert '<span class="head">--- a/a' in text
    assert '<span class="removed">--- note' in text


def test_code_in_a_sentence_is_set_as_code_and_stays_escaped() -> None:
    sample = report()
    item = replace(sample.recommendations[0], undo="remove `<b>` from the file")
    text = html.render(replace(sample, recommendations=(item,), verdicts=()))
    assert "remove <code>&lt;b&gt;</code> from the file" in text


def test_the_time_is_told_in_utc_wherever_it_was_taken() -> None:
    local = datetime(2026, 11, 23, 8, 30, tzinfo=timezone(timedelta(hours=2)))
    assert "2026-11-23 06:30 UTC" in markdown.render(replace(report(), generated_at=local))


def test_the_last_verdict_of_a_recommendation_counts() -> None:
    sample = report()
    second = Verdict(sample.recommendations[0], Decision.REJECT, ("on reflection",), 0.7)
    text = markdown.render(replace(sample, verdicts=(*sample.verdicts, second)))
    assert "nulls last)` — rejected" in text
    assert "rejected. on reflection" in text


def test_a_verdict_on_what_is_no_longer_recommended_is_still_told() -> None:
    sample = report()
    left = tuple(item for item in sample.recommendations if item.kind != "materialization")
    text = markdown.render(replace(sample, recommendations=left))
    assert "`materialization: staging.stg_events as table`: rejected" in text


def test_the_diff_s_fence_is_longer_than_any_in_the_diff() -> None:
    text = markdown.render(replace(report(), diff="+```sql\n+select 1\n"))
    assert "````diff\n+```sql" in text
