"""Fingerprints in sentences, put back into words that a reader knows."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dbt_schema_evolve.records.changes import Recommendation
from dbt_schema_evolve.records.trials import Verdict

_FINGERPRINT = re.compile(r"\b[0-9a-f]{16}\b")
_WIDTH = 60  # enough to tell one query of a dashboard from another


def spelled_out(text: str, labels: Mapping[str, str]) -> str:
    """Replace each fingerprint by the beginning of its SQL, in backticks."""

    def words(match: re.Match[str]) -> str:
        label = labels.get(match[0])
        if label is None:
            return match[0]
        short = textwrap.shorten(label.replace("`", "'"), _WIDTH, placeholder=" …")
        return f"`{short}`"

    return _FINGERPRINT.sub(words, text)


def readable(
    recommendations: Sequence[Recommendation], labels: Mapping[str, str]
) -> tuple[Recommendation, ...]:
    """Return recommendations whose evidence names queries by their SQL."""
    return tuple(
        replace(item, evidence=tuple(spelled_out(text, labels) for text in item.evidence))
        for item in recommendations
    )


def readable_verdicts(
    verdicts: Sequence[Verdict], labels: Mapping[str, str]
) -> tuple[Verdict, ...]:
    """Return verdicts whose reasons name queries by their SQL."""
    return tuple(
        replace(item, reasons=tuple(spelled_out(text, labels) for text in item.reasons))
        for item in verdicts
    )
