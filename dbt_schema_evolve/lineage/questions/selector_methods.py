"""What the methods of dbt's selectors match: `tag:`, `path:`, `config.x:` and the others."""

import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.records.project import Exposure, Node

Selectable: TypeAlias = Node | Exposure
Method: TypeAlias = Callable[[Selectable, str], bool]

_ELSEWHERE = {
    "state": "`schema-evolve lineage diff` compares two states",
    "result": "`dbt ls` knows the last results",
    "source_status": "`dbt ls` knows the last freshness",
}
_WILD = re.compile(r"[*?\[\]]")


def method(written: str | None, value: str, project: str) -> Method:
    """Return what decides whether a node is meant; a value like a path or file needs no method.

    Raises ProjectError for a method that is not known, or that needs more than a manifest.
    """
    if written is None:
        if "/" in value:
            return _path
        return _file if value.lower().endswith((".sql", ".py", ".csv")) else _fqn
    name, _, argument = written.partition(".")
    if name == "config" and argument:
        return _config(argument.split("."))
    if name == "package" and value == "this":
        return lambda each, _: each.package == project
    if name in _METHODS and not argument:
        return _METHODS[name]
    raise ProjectError(
        f"{name}: is not supported here" if name in _ELSEWHERE else f"{name}: selects nothing",
        at=f"{written}:{value}",
        remedy=_ELSEWHERE.get(name, f"use one of {', '.join(sorted((*_METHODS, 'config.x')))}"),
    )


def _fqn(each: Selectable, value: str) -> bool:
    """Match the name, or the fqn from its beginning, with or without the package."""
    if _is_source(each):
        return False
    fqn = each.fqn or (each.package, each.name)
    return _fqn_begins(fqn, value, each) or _fqn_begins(fqn[1:], value, each)


def _fqn_begins(fqn: tuple[str, ...], value: str, each: Selectable) -> bool:
    if not fqn:
        return False
    leaf, wanted = fqn[-1], value.split(".")
    if _is_versioned(each) and len(fqn) > 1:
        leaf = fqn[-2]
        # A version can be written behind a dot or an underscore: orders.v2, orders_v2.
        if "_".join(fqn[-2:]) == "_".join(wanted[-2:]):
            return True
    if leaf == value or (len(wanted) == 1 and _WILD.search(value) and fnmatchcase(leaf, value)):
        return True
    parts = [part for segment in fqn for part in segment.split(".")]
    plain = next((at for at, word in enumerate(wanted) if _WILD.search(word)), len(wanted))
    if len(parts) < len(wanted) or parts[:plain] != wanted[:plain]:
        return False
    return plain == len(wanted) or fnmatchcase(".".join(parts[plain:]), ".".join(wanted[plain:]))


def _source(each: Selectable, value: str) -> bool:
    """Match `source`, `source.table` or `package.source.table`."""
    if not _is_source(each):
        return False
    parts = value.split(".")
    wanted = {1: ("*", *parts, "*"), 2: ("*", *parts), 3: tuple(parts)}.get(len(parts))
    if wanted is None:
        raise ProjectError(
            f"source:{value} has too many parts", remedy="write source:NAME or source:NAME.TABLE"
        )
    return all(map(fnmatchcase, (each.package, _source_name(each), each.name), wanted))


def _exposure(each: Selectable, value: str) -> bool:
    """Match `exposure` or `package.exposure`."""
    if not isinstance(each, Exposure):
        return False
    package, _, name = value.rpartition(".")
    return fnmatchcase(each.package, package or "*") and fnmatchcase(each.name, name)


def _tag(each: Selectable, value: str) -> bool:
    return any(fnmatchcase(tag, value) for tag in each.tags)


def _file(each: Selectable, value: str) -> bool:
    path = PurePosixPath(each.path.replace("\\", "/"))
    return fnmatchcase(path.name, value) or fnmatchcase(path.stem, value)


def _path(each: Selectable, value: str) -> bool:
    """Match the file that defines or describes it, or a folder above; `**` spans folders."""
    pattern = PurePosixPath(value).parts
    patch_path = each.patch_path if isinstance(each, Node) else None
    own = PurePosixPath(each.path.replace("\\", "/"))
    described = [PurePosixPath(patch_path)] if patch_path else []
    return any(_glob(path.parts, pattern) for path in (own, *own.parents, *described))


def _glob(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _glob(parts, pattern[1:]) or (bool(parts) and _glob(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _glob(parts[1:], pattern[1:])


def _package(each: Selectable, value: str) -> bool:
    return fnmatchcase(each.package, value)


def _resource_type(each: Selectable, value: str) -> bool:
    return value == ("exposure" if isinstance(each, Exposure) else each.resource_type)


def _group(each: Selectable, value: str) -> bool:
    group = each.config.get("group") if isinstance(each, Node) else None
    return isinstance(group, str) and fnmatchcase(group, value)


def _access(each: Selectable, value: str) -> bool:
    if not isinstance(each, Node) or each.resource_type != "model":
        return False
    return (each.config.get("access") or "protected") == value  # dbt's default


def _config(keys: Collection[str]) -> Method:
    """Match a value of the config, or one in a list; `true` and `false` mean the truth values."""

    def matches(each: Selectable, value: str) -> bool:
        held: Any = each.config if isinstance(each, Node) else None
        for key in keys:
            if not isinstance(held, Mapping) or key not in held:
                return False
            held = held[key]
        meant = {"true": True, "false": False}.get(value.lower())
        return any(
            one == value or (meant is not None and one is meant)
            for one in (held if isinstance(held, list) else [held])
        )

    return matches


def _is_source(each: Selectable) -> bool:
    return isinstance(each, Node) and each.resource_type == "source"


def _is_versioned(each: Selectable) -> bool:
    """Whether the unique id ends in a version behind the name: `model.shop.orders.v2`."""
    name, _, version = each.unique_id.rpartition(".")
    return version.startswith("v") and name.endswith(f".{each.name}")


def _source_name(each: Selectable) -> str:
    """Return the source behind `source.<package>.<source>.<table>`."""
    return each.unique_id.removesuffix(f".{each.name}").split(".", maxsplit=2)[-1]


_METHODS: Mapping[str, Method] = {
    "access": _access,
    "exposure": _exposure,
    "file": _file,
    "fqn": _fqn,
    "group": _group,
    "package": _package,
    "path": _path,
    "resource_type": _resource_type,
    "source": _source,
    "tag": _tag,
}
