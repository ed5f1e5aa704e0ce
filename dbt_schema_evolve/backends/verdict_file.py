"""What the last validation decided, beside the history."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dbt_schema_evolve.records.trials import Verdict

NAME = "verdicts.json"


def write_verdicts(state_dir: Path, verdicts: Sequence[Verdict]) -> None:
    """Keep the decision on each recommendation, by its key; the file is replaced whole."""
    decisions = {v.recommendation.number_key: v.decision.value for v in verdicts}
    unfinished = state_dir / f"{NAME}.new"
    unfinished.write_text(json.dumps(decisions, indent=1, sort_keys=True), encoding="utf-8")
    unfinished.replace(state_dir / NAME)


def read_verdicts(state_dir: Path) -> Mapping[str, str]:
    """Return the decisions by key; none where nothing was validated."""
    try:
        found = json.loads((state_dir / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
