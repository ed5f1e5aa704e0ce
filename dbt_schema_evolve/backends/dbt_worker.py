"""One long-lived dbt process: starting dbt costs seconds, so it is started once.

It reads one JSON object a line on standard input, `{"args": [...], "env": {...}}`, runs dbt with
these arguments and answers one line, `{"ok": bool, "error": str}`. What dbt prints goes to
standard error, which the parent sends to a log file.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # dbt and its plugins print to standard output

    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - it may print while it loads

    manifests: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["env"])
        # A manifest that was parsed once serves until the caller names another key. Each run gets a
        # copy: compiling marks ephemeral models as inlined, and a second run would not inline them.
        key = request["manifest_key"]
        parsed = manifests.get(key)
        result = dbtRunner(manifest=parsed.deepcopy() if parsed else None).invoke(request["args"])
        if key and key not in manifests and result.success and request["args"][0] == "parse":
            manifests[key] = result.result
        answers.write(json.dumps({"ok": result.success, "error": _reason(result)}) + "\n")


def _reason(result: object) -> str:
    """Say in a few lines why dbt did not succeed."""
    exception = getattr(result, "exception", None)
    if exception is not None:
        return str(exception).strip()
    failed = [
        f"{run.node.unique_id}: {(run.message or '').strip()}"
        for run in getattr(getattr(result, "result", None), "results", ())
        if str(run.status) in {"error", "fail", "runtime error"}
    ]
    return "\n".join(failed[:5])


if __name__ == "__main__":
    main()
