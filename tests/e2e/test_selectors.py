"""Our reading of dbt's selectors is dbt's own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dbt_schema_evolve.backends.demo.files import copy_project
from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.ingest.artifacts import read_manifest
from dbt_schema_evolve.lineage.questions.selectors import Selection

SELECTORS = (
    "fct_orders",
    "+fct_orders",
    "fct_orders+",
    "1+fct_orders+2",
    "2+fct_orders",
    "@stg_tpch__orders",
    "fct_orders dim_dates",
    "+fct_orders,+fct_shipments",
    "marts",
    "marts.finance",
    "marts.finance.*",
    "wholesale.marts.core",
    "stg_*",
    "*orders*",
    "stg_tpch__[cn]*",
    "?im_dates",
    "fqn:marts.core.dim_dates",
    "tag:nightly",
    "tag:night*",
    "source:*",
    "source:tpch_raw",
    "source:tpch_raw.orders+1",
    "source:tpch_raw.*,source:tpch_raw.orders",
    "path:models/marts/core",
    "path:models/marts/core/",
    "path:models/*/finance",
    "path:models/**/dim_*.sql",
    "models/staging",
    "models/marts/core/fct_orders.sql",
    "path:models/marts/core/_core.yml",
    "file:dim_dates.sql",
    "file:dim_*",
    "dim_dates.sql",
    "segment_owners.csv",
    "package:*",
    "package:this",
    "config.materialized:incremental",
    "config.materialized:view,marts",
    "config.enabled:true,resource_type:seed",
    "config.meta.team:finance",
    "config.tags:nightly",
    "resource_type:snapshot",
    "resource_type:exposure",
    "exposure:*",
    "+exposure:*",
    "1+exposure:*,resource_type:model",
    "access:protected",
    "nothing_of_this_name",
)
KINDS = frozenset({"model", "seed", "snapshot", "source", "exposure"})
ASK_DBT = """
import contextlib, io, json, sys
from dbt.cli.main import dbtRunner
where, selectors = sys.argv[1:4], json.loads(sys.argv[4])
flags = ["--project-dir", where[0], "--profiles-dir", where[0], "--quiet"]
with contextlib.redirect_stdout(io.StringIO()):
    assert dbtRunner().invoke(["deps", *flags]).success
    parsed = dbtRunner().invoke(["parse", *flags])
    assert parsed.success, parsed.exception
    found = {}
    for selector in selectors:
        listed = dbtRunner(manifest=parsed.result).invoke(
            ["ls", *flags, "--select", *selector.split(), "--output", "json",
             "--output-keys", "unique_id", "--indirect-selection", "empty"]
        )
        assert listed.success, (selector, listed.exception)
        found[selector] = [json.loads(line)["unique_id"] for line in listed.result or ()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wholesaler's project with a tag and a config of its own."""
    folder = copy_project(tmp_path_factory.mktemp("selectors"))
    settings = folder / "dbt_project.yml"
    marts = "    marts:\n"
    text = settings.read_text(encoding="utf-8")
    assert marts in text
    extra = f"{marts}      finance: {{+tags: [nightly], +meta: {{team: finance}}}}\n"
    settings.write_text(text.replace(marts, extra), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def dbt_says(project: Path) -> dict[str, list[str]]:
    arguments = [str(project), "", "", json.dumps(SELECTORS)]
    done = subprocess.run(
        [sys.executable, "-c", ASK_DBT, *arguments],
        capture_output=True, text=True, check=False, cwd=project,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def we_say(project: Path, dbt_says: dict[str, list[str]]) -> Callable[[str], frozenset[str]]:
    path = project / "target" / "manifest.json"
    return Selection(read_manifest(path.read_bytes(), str(path))).select


@pytest.mark.parametrize("selector", SELECTORS)
def test_a_selector_means_what_it_means_to_dbt(
    selector: str,
    dbt_says: dict[str, list[str]],
    we_say: Callable[[str], frozenset[str]],
) -> None:
    theirs = {key for key in dbt_says[selector] if key.partition(".")[0] in KINDS}
    ours = {key for key in we_say(selector) if key.partition(".")[0] in KINDS}
    assert ours == theirs


def test_most_of_these_selectors_find_something(dbt_says: dict[str, list[str]]) -> None:
    assert [key for key, found in dbt_says.items() if not found] == ["nothing_of_this_name"]


@pytest.mark.parametrize("selector", ["state:modified", "result:error", "nonsense:x", "@a+", "+"])
def test_what_a_manifest_cannot_tell_is_refused(
    selector: str, we_say: Callable[[str], frozenset[str]]
) -> None:
    with pytest.raises(ProjectError):
        we_say(selector)
