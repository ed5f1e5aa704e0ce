"""Finds the whole of a statement of which only the beginning came through.

OpenTelemetry's limits on attributes, syslog and collectors of logs cut long texts.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property

from dbt_schema_evolve.ingest.fingerprint import LITERAL, normalised
from dbt_schema_evolve.records.workload import Skip

_OPEN_LIST = re.compile(r"((?:in \(|array \[) \?)(?: ,(?: \?)?)*\Z")
_NAMES_RELATION = re.compile(r"\b(?:from|into|update) \S+ ")


class KnownTexts:
    """Statements whose whole text is known."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts` are by fingerprint."""
        self._texts = texts

    @cached_property
    def _sorted(self) -> list[tuple[str, str]]:
        return sorted((normalised(text) + " ", name) for name, text in self._texts.items())

    def whole(self, name: str, beginning: str) -> str | Skip:
        """Return the fingerprint of the only statement that begins like a text, or say why not."""
        prefix = _certain(beginning)
        if not _NAMES_RELATION.search(prefix):
            return Skip(name, "cut short before it says what it reads")
        at = bisect_left(self._sorted, (prefix, ""))
        found = set()
        for text, fingerprint in self._sorted[at:]:
            if not text.startswith(prefix):
                break
            found.add(fingerprint)
        if len(found) != 1:
            known = "no known statement begins" if not found else f"{len(found)} statements begin"
            return Skip(name, f"cut short, and {known} like it")
        return found.pop()


def _certain(beginning: str) -> str:
    """Return what a normalised text begins with, whatever was lost: the last word may be half."""
    words = normalised(beginning).split(" ")
    if words and words[-1] != LITERAL:
        words.pop()
    # A list of constants is normalised to its first, once it is closed.
    return _OPEN_LIST.sub(r"\1", " ".join(words)) + " "
