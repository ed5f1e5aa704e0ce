"""Other people's tools on the same work, each in an environment of its own.

`run` makes the environment once, below `.bench/`, and returns what the peer's script printed. A
script of this folder is run by the peer's own Python: it imports nothing of ours.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".bench"

PACKAGES = {
    "sqlglot": ("sqlglot==30.30.0", "sqlglotc==30.30.0"),
    "colibri": ("dbt-colibri==0.3.7", "sqlglot==30.30.0", "sqlglotc==30.30.0"),
    "extend": ("index-eab==0.1.0", "psycopg2-binary==2.9.11"),
    "sqllineage": ("sqllineage==1.5.9",),
}


def run(peer: str, *arguments: str) -> dict[str, Any]:
    """Run `<peer>.py` with its arguments; return the JSON object that it prints."""
    python = _python(peer)
    done = subprocess.run(
        [python, "-P", HERE / f"{peer}.py", *arguments],  # -P: a script has its library's name
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def _python(peer: str) -> Path:
    """Return the interpreter of a peer's environment, made where it is not there yet."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    wanted = "\n".join(PACKAGES[peer])
    mark = folder / "installed"
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        print(f"installing {', '.join(PACKAGES[peer])}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *PACKAGES[peer]],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        mark.write_text(wanted, encoding="utf-8")
    return python
