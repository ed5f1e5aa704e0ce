"""Recommendations turned into edits of the user's project, spliced in without touching the rest."""

from collections.abc import Mapping, Sequence

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.changes import ByHand, Target, change_for, ddl_hint
from dbt_schema_evolve.records.changes import (
    ColumnTypeSpec,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Recommendation,
)
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit
from dbt_schema_evolve.records.project import Project
from dbt_schema_evolve.records.workload import Skip

# A model is stored before it gets an index, and loses old indexes before it gets new ones.
_ORDER = (MaterializationSpec, ColumnTypeSpec, DropIndexSpec, IndexSpec)


def plan_patch(
    recommendations: Sequence[Recommendation], project: Project, files: Mapping[str, bytes]
) -> tuple[ConfigPatch, tuple[Skip, ...]]:
    """Return the patch that carries the recommendations, and what must be done by hand.

    `files` holds the root project's files by path. Recommendations compose: each sees the files
    as the ones before it left them, and the same set gives the same patch in any order.
    """
    nodes = project.by_id()
    stored = {
        item.model_id: item.spec.materialized
        for item in recommendations
        if isinstance(item.spec, MaterializationSpec) and not item.by_hand
    }
    now = dict(files)
    carried: list[Recommendation] = []
    steps: list[FileEdit] = []
    skips: list[Skip] = []
    rebuild: set[str] = set()
    for item in sorted(recommendations, key=_rank):
        if item.by_hand:
            skips.append(Skip(item.number_key, f"{item.by_hand}; {ddl_hint(item.spec)}"))
            continue
        node = nodes.get(item.model_id)
        if node is None or node.resource_type == "source":
            reason = "no model of this project owns the relation"
            skips.append(Skip(item.number_key, f"{reason}; {ddl_hint(item.spec)}"))
            continue
        materialized = stored.get(item.model_id, node.materialized)
        try:
            change = change_for(item.spec, Target(node, materialized, project, now))
        except PatchError as error:
            where = f" ({error.at})" if error.at else ""
            change = ByHand(f"{error.problem}{where}: {error.remedy}")
        if isinstance(change, ByHand):
            skips.append(Skip(item.number_key, f"{change.reason}; {ddl_hint(item.spec)}"))
            continue
        assert change.edit.after is not None  # noqa: S101 - no change deletes a file
        now[change.edit.path] = change.edit.after
        carried.append(item)
        steps.append(change.edit)
        if change.full_refresh and item.model_id not in stored:
            rebuild.add(item.model_id)
    edits = tuple(
        FileEdit(path, files[path], content)
        for path, content in sorted(now.items())
        if files[path] != content
    )
    patch = ConfigPatch(edits, tuple(carried), tuple(sorted(rebuild)), tuple(steps))
    return patch, tuple(sorted(skips, key=lambda skip: (skip.subject, skip.reason)))


def _rank(item: Recommendation) -> tuple[str, int, str]:
    return (item.model_id, _ORDER.index(type(item.spec)), repr(item.spec))
