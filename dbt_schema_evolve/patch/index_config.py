"""An index as dbt config: an `indexes` entry where the adapter can say it, else a post-hook."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from dbt_schema_evolve.patch.fragments import (
    column_sql,
    key_fragment,
    normal_expression,
    normal_key,
    parse_fragment,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName, quoted

_JINJA = re.compile(r"\{\{|\{%|\{#")
_LOWER = re.compile(r"[a-z_][a-z0-9_]*\Z")
_NOWHERE = RelationName("", "")
_NAME_BYTES = 63  # NAMEDATALEN - 1
Structure = tuple[tuple[IndexKey, ...], frozenset[str], str, bool, str]


def structure(spec: IndexSpec) -> Structure:
    """Return what makes an index the same index, whatever table and name it has."""
    return (
        tuple(normal_key(key) for key in spec.keys),
        frozenset(spec.include),
        normal_expression(spec.where),
        spec.unique,
        spec.method,
    )


def entry_structure(entry: Any) -> Structure | None:
    """Return the structure of one `indexes` entry; None where it is no entry at all."""
    spec = entry_spec(_NOWHERE, entry)
    return None if spec is None else structure(spec)


def entry_spec(relation: RelationName, entry: Any) -> IndexSpec | None:
    """Return the index that an `indexes` entry asks for; None where it is no entry at all."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("columns"), list | tuple):
        return None
    if not entry["columns"]:
        return None
    return IndexSpec(
        relation,
        keys=tuple(parse_fragment(str(fragment)) for fragment in entry["columns"]),
        include=tuple(parse_fragment(str(column)).term for column in entry.get("include") or ()),
        where=str(entry.get("where") or ""),
        unique=bool(entry.get("unique") or False),
        method=str(entry.get("type") or "btree").lower(),
    )


def entry(spec: IndexSpec) -> dict[str, Any]:
    """Return the `indexes` entry; `include` and `where` are for the `pgevolve` adapter."""
    written: dict[str, Any] = {"columns": [key_fragment(key) for key in spec.keys]}
    if spec.include:
        written["include"] = [column_sql(column) for column in spec.include]
    if spec.where:
        written["where"] = spec.where
    if spec.unique:
        written["unique"] = True
    if spec.method != "btree":
        written["type"] = spec.method
    return written


def every_build_hook(spec: IndexSpec) -> str:
    """Return a post-hook for a relation that each run builds anew.

    It has no name, so that Postgres picks a free one: while the hook runs, the relation of the
    run before still exists and still owns its index names.
    """
    return _create(spec, "")


def once_hook(spec: IndexSpec) -> dict[str, Any]:
    """Return a post-hook for a relation that outlives a run: it builds what is not there.

    It runs after the commit, when a full refresh has dropped the old relation and its names.
    """
    name = quoted(index_name(spec))
    return {"sql": _create(spec, f"if not exists {name} "), "transaction": False}


def index_name(spec: IndexSpec) -> str:
    """Return a name that is the same for the same index on the same relation."""
    keys, include, *rest = structure(spec)
    # A set's text is in another order in each process.
    content = repr((spec.relation.name, keys, sorted(include), *rest))
    digest = hashlib.sha256(content.encode()).hexdigest()[:10]
    room = _NAME_BYTES - len(digest) - len("__idx")
    stem = spec.relation.name.encode()[:room].decode(errors="ignore")
    return f"{stem}_{digest}_idx"


def needs_more_than_columns(spec: IndexSpec) -> bool:
    """Whether the stock adapter has no words for it."""
    return bool(spec.include or spec.where)


def holds_jinja(spec: IndexSpec) -> bool:
    """Whether a name or an expression holds what dbt would take for Jinja."""
    return bool(_JINJA.search(spec.create_sql))


def only_lower_case_columns(spec: IndexSpec) -> bool:
    """Whether dbt-postgres can recognise the index of a materialized view at the next run.

    It compares lower-cased config with the catalog's column names, as sets.
    """
    return all(
        key == IndexKey(key.term) and _LOWER.match(key.term) and column_sql(key.term) == key.term
        for key in spec.keys
    )


def only_expressions(spec: IndexSpec) -> bool:
    """Whether no column of the index shows where dbt-postgres lists a view's indexes."""
    return not spec.include and all(key.is_expression for key in spec.keys)


def _create(spec: IndexSpec, name: str) -> str:
    unique = "unique " if spec.unique else ""
    method = f"using {spec.method} " if spec.method != "btree" else ""
    keys = ", ".join(key_fragment(key) for key in spec.keys)
    text = f"create {unique}index {name}on {{{{ this }}}} {method}({keys})"
    if spec.include:
        text += f" include ({', '.join(column_sql(column) for column in spec.include)})"
    return f"{text} where {spec.where}" if spec.where else text
