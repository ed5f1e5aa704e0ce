"""Where a node's config lives in the project, and where a new key of it belongs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.config_text import ConfigText
from dbt_schema_evolve.patch.meta_config import META, OURS, MetaInCall
from dbt_schema_evolve.patch.source_text import decode
from dbt_schema_evolve.patch.sql_config import find_config, prepend_config
from dbt_schema_evolve.patch.yaml_config import YamlConfig
from dbt_schema_evolve.patch.yaml_tree import Named, pair, walk
from dbt_schema_evolve.records.project import Node, Project

PROJECT_FILE = "dbt_project.yml"
_SECTIONS = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}


@dataclass(frozen=True, slots=True)
class NewCall:
    """A SQL file that has no config call yet; putting a key begins one."""

    text: str
    path: str

    @property
    def values(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def put(self, key: str, value: Any) -> str:
        """Begin the file with a call."""
        return prepend_config(self.text, self.path, key, value)

    def append(self, key: str, item: Any) -> str:
        """Begin the file with a call that holds a list of one."""
        return self.put(key, [item])

    def remove(self, key: str, position: int, *, keep_empty: bool) -> str:  # noqa: ARG002
        """Refuse: there is nothing here."""
        raise PatchError(f"there is no `{key}`", at=self.path, remedy="look in dbt_project.yml")


@dataclass(frozen=True, slots=True)
class Place:
    """One file's config for a node, and the byte order mark to put back in front."""

    path: str
    config: ConfigText
    mark: str
    has_lower: bool  # a place of lower precedence sets the key too

    def content(self, text: str) -> bytes:
        """Return the file's bytes for a new text."""
        return (self.mark + text).encode("utf-8")


def place_for(node: Node, project: Project, files: Mapping[str, bytes], key: str) -> Place:
    """Return where the key of a node is, or where it should be put.

    The call in the SQL beats YAML and YAML beats dbt_project.yml, so a key is edited in the
    first of them that has it. A new key goes into the call, else into the YAML entry, else into
    a new call. A package's node can only be configured from the root's dbt_project.yml.
    """
    in_project_file = _names(files, key)
    if node.package != project.name:
        return replace(_in_project_file(node, files), has_lower=True)
    in_yaml = _in_properties(node, files)
    if node.resource_type != "model":  # no SQL file, or one whose config stands in a block
        return replace(in_yaml or _in_project_file(node, files), has_lower=in_project_file)
    in_sql = _in_sql(node, files)
    yaml_has = in_yaml is not None and key in in_yaml.config.values
    has_call = not isinstance(in_sql.config, NewCall)
    if in_yaml is None or (has_call and (key in in_sql.config.values or not yaml_has)):
        return replace(in_sql, has_lower=yaml_has or in_project_file)
    return replace(in_yaml, has_lower=in_project_file)


def meta_place_for(node: Node, project: Project, files: Mapping[str, bytes]) -> Place:
    """Return where `meta.schema_evolve` of a node is, or where it should be put.

    dbt merges `meta` key by key, so an entry in YAML holds beside a call that says nothing of us.
    """
    if node.package != project.name:
        return _in_project_meta(node, files)
    in_yaml = _in_properties(node, files)
    if node.resource_type != "model":
        return _below(in_yaml, META, OURS) if in_yaml else _in_project_meta(node, files)
    in_sql = _in_sql(node, files)
    said = in_sql.config.values.get(META)
    in_call = said is not None and not (isinstance(said, Mapping) and OURS not in said)
    if in_yaml is not None and not in_call:
        return _below(in_yaml, META, OURS)
    return replace(in_sql, config=MetaInCall(in_sql.config, in_sql.path))


def _in_project_meta(node: Node, files: Mapping[str, bytes]) -> Place:
    return _below(_in_project_file(node, files), "+meta", OURS)


def _below(place: Place, *steps: str) -> Place:
    """Return the mapping further down in a YAML file."""
    config = place.config
    assert isinstance(config, YamlConfig)  # noqa: S101 - the callers have found it in YAML
    return replace(place, config=replace(config, steps=(*config.steps, *steps), plus=""))


def _in_sql(node: Node, files: Mapping[str, bytes]) -> Place:
    if node.language != "sql" or PurePosixPath(node.path).suffix != ".sql":
        raise PatchError("the model is not SQL", at=node.path, remedy="write its config by hand")
    mark, text = _text(node.path, files)
    config = find_config(text, node.path)
    return Place(node.path, config or NewCall(text, node.path), mark, has_lower=False)


def _in_properties(node: Node, files: Mapping[str, bytes]) -> Place | None:
    """Return the node's entry in its properties file; None where it has none of its own."""
    path = node.patch_path or (node.path if node.path.endswith((".yml", ".yaml")) else "")
    if not path:
        return None
    mark, text = _text(path, files)
    steps = (_SECTIONS[node.resource_type], Named(node.name))
    places, missing = walk(text, path, steps)
    if missing:
        raise PatchError(
            f"the file has no entry for {node.name}",
            at=path,
            remedy="run `dbt parse` so that the manifest is as new as the files",
        )
    if pair(places[-1].node, "versions", path) is not None:
        raise PatchError(
            "the model has versions, each with a config of its own",
            at=path,
            remedy="write the config into the version that it is for",
        )
    return Place(path, YamlConfig(text, path, (*steps, "config")), mark, has_lower=False)


def _in_project_file(node: Node, files: Mapping[str, bytes]) -> Place:
    mark, text = _text(PROJECT_FILE, files)
    steps = (_SECTIONS[node.resource_type], *_qualified_name(node))
    return Place(PROJECT_FILE, YamlConfig(text, PROJECT_FILE, steps, "+"), mark, has_lower=False)


def _qualified_name(node: Node) -> tuple[str, ...]:
    """Return dbt's fqn: package, folders below the model path, name."""
    if node.fqn:
        return node.fqn
    folders = PurePosixPath(node.path).parts[1:-1]
    return (node.package, *folders, node.name)


def _names(files: Mapping[str, bytes], key: str) -> bool:
    """Whether dbt_project.yml speaks of a key at all: enough to leave an empty list behind."""
    content = files.get(PROJECT_FILE, b"")
    return key.encode() in content or key.replace("_", "-").encode() in content


def _text(path: str, files: Mapping[str, bytes]) -> tuple[str, str]:
    if path not in files:
        raise PatchError(
            "the file is not among the project's files",
            at=path,
            remedy="run `dbt parse` so that the manifest is as new as the files",
        )
    return decode(path, files[path])
