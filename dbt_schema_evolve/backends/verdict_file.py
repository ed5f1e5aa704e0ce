"""What the last validation decided and measured, beside the history."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dbt_schema_evolve.records.trials import KeptVerdict, Verdict

NAME = "verdicts.json"


def write_verdicts(state_dir: Path, verdicts: Sequence[Verdict]) -> None:
    """Keep what was found of each recommendation, by its key; the file is replaced whole."""
    kept = {
        v.recommendation.number_key: KeptVerdict(
            v.decision, v.measured_speedup_ratio, v.measured_bytes, v.measured_build_us
        )
        for v in verdicts
    }
    unfinished = state_dir / f"{NAME}.new"
    text = json.dumps(msgspec.to_builtins(kept), indent=1, sort_keys=True)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(state_dir / NAME)


def read_verdicts(state_dir: Path) -> Mapping[str, KeptVerdict]:
    """Return the verdicts by key; none where nothing was validated, or the file is damaged."""
    try:
        content = (state_dir / NAME).read_bytes()
        return msgspec.json.decode(content, type=dict[str, KeptVerdict])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
