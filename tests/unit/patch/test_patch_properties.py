"""Properties that hold for any file: nothing but the edit changes, and the inverse undoes it."""

import difflib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.patch.diff import applied
from dbt_schema_evolve.patch.fragments import key_fragment, normal_key, parse_fragment
from dbt_schema_evolve.patch.index_config import entry, entry_structure, structure
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexKey, IndexSpec
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.relations import RelationName
from tests.unit.patch.builders import SQL, YML, advice, materialized, orders, project

line_text = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="\ufeff"),
    max_size=20,
)
comments = st.builds(lambda text, tab: f"#{tab}{text}", line_text, st.sampled_from([" ", "\t", ""]))
newlines = st.sampled_from(["\n", "\r\n"])
marks = st.sampled_from(["", "\ufeff"])
ends = st.sampled_from(["", "\n", "\n\n"])
names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda name: "{" not in name)
keys = st.builds(IndexKey, names, st.just(False), st.booleans(), st.booleans())
specs = st.builds(
    IndexSpec,
    st.just(RelationName("marts", "orders")),
    st.lists(keys, min_size=1, max_size=3).map(tuple),
    include=st.lists(names, max_size=2).map(tuple),
    where=st.sampled_from(["", "a > 1", "note = 'it''s \"x\" \\'"]),
    unique=st.booleans(),
    method=st.sampled_from(["btree", "hash", "gin"]),
)
changes = st.lists(specs, max_size=2).map(lambda found: [*found, materialized("table")])


@st.composite
def yaml_texts(draw: st.DrawFn) -> str:
    """A properties file with orders in it, in one of many styles."""
    pad = " " * draw(st.sampled_from([0, 2, 4]))
    step = " " * draw(st.sampled_from([2, 4]))
    own = pad + "  "
    lines = [draw(comments), "version: 2", draw(comments), "models:"]
    for name in draw(st.permutations(["orders", "other"])):
        lines += [f"{pad}- name: {name}  {draw(comments)}"]
        if draw(st.booleans()):
            lines += [f"{own}description: {json.dumps(draw(line_text), ensure_ascii=False)}"]
        if draw(st.booleans()):
            lines += [f"{own}config:  {draw(comments)}", f"{own}{step}tags: ['a']"]
            if draw(st.booleans()):
                lines += [f"{own}{step}indexes:", f"{own}{step}  - columns: ['id']", draw(comments)]
            if draw(st.booleans()):
                lines += [f"{own}{step}materialized: 'view' {draw(comments)}"]
        lines += [draw(comments)]
        if draw(st.booleans()):
            lines += [f"{own}columns:", f"{own}- name: id", "", f"{own}{draw(comments)}"]
    return draw(marks) + draw(newlines).join(lines) + draw(ends).replace("\n", draw(newlines))


@st.composite
def sql_texts(draw: st.DrawFn) -> str:
    """A model with a config call, or without."""
    arguments = ["tags=['a']", 'meta={"k": [1, "é"]}', "indexes=[{'columns': ['id']}]"]
    chosen = draw(st.permutations(arguments))[: draw(st.integers(0, 3))]
    newline = draw(newlines)
    between, comma = draw(st.sampled_from([(", ", ""), (f",{newline}    ", ",")]))
    body = between.join(chosen) + (comma if chosen and draw(st.booleans()) else "")
    call = f"{{{{{draw(st.sampled_from(['', '-']))} config({body}) }}}}"
    comment = "-- " + draw(line_text).replace("{", "").replace("}", "")
    parts = [comment, *([call] if draw(st.booleans()) else []), "select '{{ x }}' as é"]
    return draw(marks) + newline.join(parts) + draw(ends).replace("\n", newline)


def planned(files: dict[str, bytes], wanted: list[object]) -> ConfigPatch:
    """The patch; nothing that these texts hold may be left to a person."""
    kept = "view" if any(not isinstance(spec, IndexSpec | DropIndexSpec) for spec in wanted) else ""
    node = orders(patch_path=YML if YML in files else None, materialized=kept or "table")
    patch, skips = plan_patch([advice(spec) for spec in wanted], project(node), files)  # type: ignore[arg-type]
    assert [skip for skip in skips if "already" not in skip.reason] == []
    return patch


def check(files: dict[str, bytes], wanted: list[object], lost_lines: int) -> None:
    patch = planned(files, wanted)
    after = applied(patch, files)
    assert applied(patch.inverse, after) == files
    for path, before in files.items():
        old, new = (text.split(b"\n") for text in (before, after[path]))
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        lost = sum(b - a for tag, a, b, _, _ in matcher.get_opcodes() if tag != "equal")
        kept = lost - sum(b - a for tag, a, b, _, _ in matcher.get_opcodes() if tag == "insert")
        assert kept <= lost_lines


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(yaml_texts(), changes)
def test_yaml_keeps_every_other_line_and_the_inverse_every_byte(
    text: str, wanted: list[object]
) -> None:
    """Two lines may change in place: the value of `materialized`, and a last one without end."""
    check({SQL: b"select 1", YML: text.encode()}, wanted, lost_lines=2)


@settings(max_examples=60, deadline=None)
@given(sql_texts(), changes)
def test_sql_keeps_every_other_line_and_the_inverse_every_byte(
    text: str, wanted: list[object]
) -> None:
    """The lines that may change are those of the call: first argument, last argument, end."""
    check({SQL: text.encode()}, wanted, lost_lines=4)


@settings(max_examples=60, deadline=None)
@given(st.one_of(sql_texts(), st.none()), yaml_texts(), specs)
def test_an_index_added_and_dropped_again_leaves_the_files_as_they_were(
    sql: str | None, yml: str, spec: IndexSpec
) -> None:
    """Where the file had its indexes already: one that had none loses the key with its last."""
    files = {SQL: (sql or "select 1").encode(), YML: yml.encode()}
    added = planned(files, [spec])
    there = applied(added, files)
    if added.edits and b"indexes" in files[added.edits[0].path]:
        dropped = planned(there, [DropIndexSpec(spec)])
        if any(b"create index" in (edit.after or b"") for edit in added.edits):
            return  # the key post_hook was new
        assert applied(dropped, there) == files


@given(keys)
def test_a_fragment_is_read_as_the_key_it_was_written_for(key: IndexKey) -> None:
    assert parse_fragment(key_fragment(key)) == key


@pytest.mark.parametrize("operator_class", ["text_ops", "ext.gin_trgm_ops", '"Ex t".gin_trgm_ops'])
@pytest.mark.parametrize("term", ["email", "Größe L", 'lower("email")'])
def test_a_fragment_keeps_its_operator_class(term: str, operator_class: str) -> None:
    key = IndexKey(term, is_expression="(" in term, operator_class=operator_class)
    assert normal_key(parse_fragment(key_fragment(key))) == normal_key(key)


@given(specs)
def test_an_entry_has_the_structure_of_its_index(spec: IndexSpec) -> None:
    assert entry_structure(entry(spec)) == structure(spec)


def test_postgres_own_spelling_of_an_expression_is_recognised() -> None:
    written = parse_fragment("lower( Email )")
    printed = IndexKey("lower((email)::text)", is_expression=True)
    assert normal_key(printed) == normal_key(written)
