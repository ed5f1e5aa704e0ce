"""Each kind of change has one name in module, golden file, and docs page."""

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from dbt_schema_evolve.recommend import RECOMMENDERS, Recommender

ROOT = Path(__file__).parents[3]
HEADINGS = ("When", "Change", "Skips", "Undo")

each_kind = pytest.mark.parametrize("recommender", RECOMMENDERS, ids=lambda each: each.kind)


@each_kind
def test_the_kind_is_the_name_of_its_module(recommender: Recommender) -> None:
    module = import_module(f"dbt_schema_evolve.recommend.{recommender.kind}")
    assert module.propose is recommender.propose


@each_kind
def test_the_kind_has_golden_cases(recommender: Recommender) -> None:
    assert (ROOT / "tests" / "golden" / "recommend" / f"{recommender.kind}.yml").is_file()


@each_kind
def test_the_docs_page_says_what_the_docstring_says(recommender: Recommender) -> None:
    page = (ROOT / "docs" / "recommenders" / f"{recommender.kind}.md").read_text(encoding="utf-8")
    docstring = inspect.getdoc(recommender.propose)
    assert docstring is not None
    told = " ".join(page.replace("**", "").split())
    for paragraph in docstring.split("\n\n"):
        for part in _parts(paragraph):
            assert " ".join(part.split()) in told


@each_kind
def test_the_docstring_tells_when_change_skips_and_undo(recommender: Recommender) -> None:
    docstring = inspect.getdoc(recommender.propose) or ""
    assert [line.split()[0] for line in docstring.splitlines() if line.startswith(HEADINGS)] == [
        *HEADINGS
    ]


def test_every_docs_page_belongs_to_a_kind() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "recommenders").glob("*.md")}
    assert pages == {recommender.kind for recommender in RECOMMENDERS}


def _parts(paragraph: str) -> list[str]:
    parts: list[str] = []
    for line in paragraph.splitlines():
        if line.startswith(HEADINGS) or not parts:
            parts.append(line)
        else:
            parts[-1] += " " + line
    return parts
