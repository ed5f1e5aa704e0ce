"""A project file as text that can be cut and spliced without touching another byte."""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dbt_schema_evolve.errors import PatchError

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters."""

    start: int
    end: int


def decode(path: str, content: bytes) -> tuple[str, str]:
    """Return the byte order mark, if there is one, and the text after it."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PatchError(
            "the file is not UTF-8", at=path, remedy="save it as UTF-8, which dbt reads, and retry"
        ) from error
    return (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)


def newline_of(text: str) -> str:
    """Return the line ending that the file uses first, a line feed if it has none."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def line_start(text: str, index: int) -> int:
    """Return where the line that holds `index` begins."""
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """Return where the line that holds `index` ends, its line ending included."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def insert_lines(text: str, at: int, lines: Sequence[str]) -> str:
    """Insert whole lines at the end of a line; a file without a final newline stays so."""
    newline = newline_of(text)
    block = newline.join(lines)
    if at == len(text) and text and not text.endswith("\n"):
        return f"{text}{newline}{block}"
    return f"{text[:at]}{block}{newline}{text[at:]}"


def insert_element(
    text: str, elements: Sequence[Span], opened: int, new: str, *, between: str = " "
) -> str:
    """Append to a comma-separated list in the layout of its last element.

    `opened` is where the list's content begins, for a list that has no element yet; `between`
    parts the new element from the last where both share a line.
    """
    if not elements:
        return text[:opened] + new + text[opened:]
    last = elements[-1]
    before = text[line_start(text, last.start) : last.start]
    comma = re.compile(r"\s*,").match(text, last.end)
    newline = newline_of(text)
    if before.strip() == ",":  # leading commas
        return f"{text[: last.end]}{newline}{before}{new}{text[last.end :]}"
    between = newline + before if not before.strip() else between
    if comma:
        return f"{text[: comma.end()]}{between}{new},{text[comma.end() :]}"
    return f"{text[: last.end]},{between}{new}{text[last.end :]}"


def cut_element(text: str, elements: Sequence[Span], position: int) -> str:
    """Take one element out of a comma-separated list, its comma with it."""
    cut = elements[position]
    if position + 1 < len(elements):
        return text[: cut.start] + text[elements[position + 1].start :]
    if position > 0:
        return text[: elements[position - 1].end] + text[cut.end :]
    comma = re.compile(r"\s*,").match(text, cut.end)
    return text[: cut.start] + text[comma.end() if comma else cut.end :]


class Unfolded:
    """Text whose CRLF are line feeds, and the way back to the original's positions.

    Jinja's lexer rewrites line endings, so its positions are not the file's.
    """

    __slots__ = ("_folds", "text")

    def __init__(self, original: str) -> None:
        self.text = original.replace("\r\n", "\n")
        pairs = (match.start() for match in re.finditer("\r\n", original))
        self._folds = [start - count for count, start in enumerate(pairs)]

    def original(self, index: int) -> int:
        """Return where a position of the unfolded text lies in the original."""
        return index + bisect.bisect_left(self._folds, index)
