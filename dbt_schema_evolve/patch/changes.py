"""One recommendation carried into one project file, or the reason why a person must do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_schema_evolve.patch.config_text import COMPUTED
from dbt_schema_evolve.patch.index_config import (
    entry,
    entry_structure,
    every_build_hook,
    holds_jinja,
    needs_more_than_columns,
    once_hook,
    only_expressions,
    only_lower_case_columns,
    structure,
)
from dbt_schema_evolve.patch.meta_config import known_to_node
from dbt_schema_evolve.patch.places import Place, meta_place_for, place_for
from dbt_schema_evolve.records.changes import (
    ColumnTypeSpec,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Spec,
)
from dbt_schema_evolve.records.patches import FileEdit
from dbt_schema_evolve.records.project import Node, Project

_STORED = frozenset({"table", "incremental", "materialized_view", "seed", "snapshot"})

_OUTLIVE_A_RUN = frozenset({"incremental", "seed"})  # dbt indexes them when it creates them


@dataclass(frozen=True, slots=True)
class Change:
    """The edit of one file, and whether dbt acts on it only when it rebuilds the relation."""

    edit: FileEdit
    full_refresh: bool = False


@dataclass(frozen=True, slots=True)
class ByHand:
    """Why a change was not made, and what a person can do."""

    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """The node to change, in the project and the files as they are by now."""

    node: Node
    materialized: str  # once this patch is applied
    project: Project
    files: Mapping[str, bytes]

    def place(self, key: str) -> Place:
        """Return where a key is or belongs."""
        return place_for(self.node, self.project, self.files, key)

    def change(self, place: Place, text: str, *, full_refresh: bool = False) -> Change:
        """Return the change that gives the place's file this text."""
        edit = FileEdit(place.path, self.files[place.path], place.content(text))
        return Change(edit, full_refresh)


def change_for(spec: Spec, target: Target) -> Change | ByHand:
    """Return the change that brings a spec about; PatchError where a file resists."""
    if isinstance(spec, MaterializationSpec):
        return _materialize(spec, target)
    if isinstance(spec, DropIndexSpec):
        return _drop_index(spec, target)
    if isinstance(spec, ColumnTypeSpec):
        return ByHand("a column has the type that the model's SELECT gives it, and no config does")
    return _add_index(spec, target)


def ddl_hint(spec: Spec) -> str:
    """Return what a person would run instead."""
    if isinstance(spec, IndexSpec):
        return f"by hand: {spec.create_sql}"
    if isinstance(spec, DropIndexSpec):
        return f"by hand: drop index <name>, found by \\d {spec.relation}: {spec.index}"
    if isinstance(spec, ColumnTypeSpec):
        return f"by hand: cast {', '.join(f'{column} to {kind}' for column, kind in spec.types)}"
    return f"by hand: set materialized to {spec.materialized}"


def _materialize(spec: MaterializationSpec, target: Target) -> Change | ByHand:
    node = target.node
    if node.resource_type != "model":
        return ByHand(f"a {node.resource_type} has no materialization to choose")
    if spec.materialized == "incremental" and "is_incremental" not in node.raw_code:
        return ByHand(
            "the model's SQL does not ask is_incremental(): with the config alone, every run "
            "would insert all rows again"
        )
    contract = node.config.get("contract")
    if (
        spec.materialized == "materialized_view"
        and isinstance(contract, Mapping)
        and contract.get("enforced")
    ):
        return ByHand("dbt enforces no contract on a materialized view, and the model has one")
    place = target.place("materialized")
    now = place.config.values.get("materialized")
    if spec.materialized in {now, node.materialized if now is None else ""}:
        return ByHand(f"the project says {spec.materialized} already; run `dbt parse`")
    if now is COMPUTED:
        return ByHand(f"{place.path} computes `materialized` by Jinja")
    return target.change(place, place.config.put("materialized", spec.materialized))


def _add_index(spec: IndexSpec, target: Target) -> Change | ByHand:
    kept = target.materialized
    if kept not in _STORED:
        return ByHand(f"an index needs stored rows, and this is a {kept}")
    if holds_jinja(spec):
        return ByHand("its SQL holds `{{`, `{%` or `{#`, which dbt would take for Jinja")
    if target.project.adapter_type == "pgevolve" and kept != "snapshot":
        # It says every index, and on a materialized view it acts on a change at the next run.
        add = _add_meta_entry if needs_more_than_columns(spec) else _add_entry
        return add(spec, target, full_refresh=kept in _OUTLIVE_A_RUN)
    if kept == "materialized_view":
        return _add_to_materialized_view(spec, target)
    # dbt makes the `indexes` of a snapshot when it creates it, and never again.
    if needs_more_than_columns(spec) or kept == "snapshot":
        return _add_hook(every_build_hook(spec) if kept == "table" else once_hook(spec), target)
    return _add_entry(spec, target, full_refresh=kept in _OUTLIVE_A_RUN)


def _add_to_materialized_view(spec: IndexSpec, target: Target) -> Change | ByHand:
    if only_expressions(spec):
        return _add_hook(once_hook(spec), target)
    if needs_more_than_columns(spec) or not only_lower_case_columns(spec):
        return ByHand(
            "at each run dbt-postgres compares a materialized view's indexes by their lower-case "
            "column names alone: it would drop this one instead of refreshing the view"
        )
    # Added to a view that stands, the columns come in any order: dbt keeps them as a set.
    return _add_entry(spec, target, full_refresh=len(spec.keys) > 1)


def _add_entry(spec: IndexSpec, target: Target, *, full_refresh: bool) -> Change | ByHand:
    place = target.place("indexes")
    own = place.config.values.get("indexes")
    inherited = target.node.config.get("indexes") or []
    if own is COMPUTED or not isinstance(own or [], list) or COMPUTED in (own or []):
        return ByHand(f"{place.path} computes `indexes` by Jinja")
    has_own = "indexes" in place.config.values
    if structure(spec) in map(entry_structure, own or [] if has_own else inherited):
        return ByHand(f"{place.path} has this index already; build the model")
    if has_own:
        text = place.config.append("indexes", entry(spec))
    else:  # a model's list replaces its folder's, so it takes the folder's entries along
        text = place.config.put("indexes", [*map(dict, inherited), entry(spec)])
    return target.change(place, text, full_refresh=full_refresh)


def _add_meta_entry(spec: IndexSpec, target: Target, *, full_refresh: bool) -> Change | ByHand:
    """Add to `meta.schema_evolve.indexes`: other adapters refuse such entries in `indexes`."""
    place = meta_place_for(target.node, target.project, target.files)
    known, own = known_to_node(target.node), place.config.values
    entries = own.get("indexes", []) if own else known.get("indexes") or []
    if not isinstance(entries, list | tuple) or COMPUTED in entries:
        return ByHand(f"{place.path} has no plain list in meta.schema_evolve.indexes")
    if structure(spec) in map(entry_structure, entries):
        return ByHand(f"{place.path} has this index already; build the model")
    if own and "indexes" in own:
        text = place.config.append("indexes", entry(spec))
    elif own or set(known) <= {"indexes"}:
        text = place.config.put("indexes", [*map(dict, entries), entry(spec)])
    else:
        # What a model says in meta.schema_evolve replaces what its folders say there.
        return ByHand("a folder sets meta.schema_evolve, which an entry here would replace")
    return target.change(place, text, full_refresh=full_refresh)


def _add_hook(hook: Any, target: Target) -> Change | ByHand:
    """Add a hook; hooks of all places add up, so nothing needs to be taken along."""
    place = target.place("post_hook")
    own = place.config.values.get("post_hook")
    if hook == own or (isinstance(own, list) and hook in own):
        return ByHand(f"{place.path} has this post-hook already; build the model")
    if "post_hook" in place.config.values:
        return target.change(place, place.config.append("post_hook", hook))
    return target.change(place, place.config.put("post_hook", [hook]))


def _drop_index(spec: DropIndexSpec, target: Target) -> Change | ByHand:
    wanted = structure(spec.index)
    place = target.place("indexes")
    own = place.config.values.get("indexes")
    if own is COMPUTED:
        return ByHand(f"{place.path} computes `indexes` by Jinja")
    if target.materialized == "snapshot":
        return ByHand("dbt never rebuilds a snapshot, so its config drops nothing")
    outlives = target.materialized in _OUTLIVE_A_RUN
    entries = own if isinstance(own, list) else (target.node.config.get("indexes") or [])
    found = [at for at, item in enumerate(entries) if entry_structure(item) == wanted]
    if not found:
        return _drop_meta_entry(spec.index, target, full_refresh=outlives)
    if isinstance(own, list):
        text = place.config.remove("indexes", found[0], keep_empty=place.has_lower)
    else:
        left = [dict(item) for at, item in enumerate(entries) if at != found[0]]
        text = place.config.put("indexes", left)
    return target.change(place, text, full_refresh=outlives)


def _drop_meta_entry(index: IndexSpec, target: Target, *, full_refresh: bool) -> Change | ByHand:
    place = meta_place_for(target.node, target.project, target.files)
    own = place.config.values.get("indexes")
    entries = own if isinstance(own, list) else []
    found = [at for at, item in enumerate(entries) if entry_structure(item) == structure(index)]
    if not found:
        return _drop_hook(index, target, full_refresh=full_refresh)
    text = place.config.remove("indexes", found[0], keep_empty=False)
    return target.change(place, text, full_refresh=full_refresh)


def _drop_hook(index: IndexSpec, target: Target, *, full_refresh: bool) -> Change | ByHand:
    place = target.place("post_hook")
    own = place.config.values.get("post_hook")
    hooks = own if isinstance(own, list) else []
    ours = (every_build_hook(index), once_hook(index))
    found = [at for at, hook in enumerate(hooks) if hook in ours]
    if not found:
        return ByHand("no entry of `indexes` or `meta` and no post-hook of ours builds it")
    text = place.config.remove("post_hook", found[0], keep_empty=False)
    return target.change(place, text, full_refresh=full_refresh)
