"""Pins and vetoes as a project writes them: `pin` and `ignore` below `meta.schema_evolve`.

An index is written as an entry of `indexes`: `pin: [{columns: [customer_id]}]`. What is ignored is
an index, a kind of advice (`ignore: [materialization]`), or everything (`ignore: true`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from dbt_schema_evolve.patch.index_config import entry_spec
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.wishes import Pin, Veto, Wishes
from dbt_schema_evolve.records.workload import Skip

_KEYS = ("pin", "ignore")


def read_wishes(nodes: Iterable[Node], kinds: Collection[str]) -> tuple[Wishes, tuple[Skip, ...]]:
    """Return what nodes wish; a wish that cannot be read, or contradicts another, is named."""
    pins: list[Pin] = []
    vetoes: list[Veto] = []
    skips: list[Skip] = []
    for node in sorted(nodes, key=lambda node: node.unique_id):
        for wish in _wishes(node, kinds):
            if isinstance(wish, Pin):
                pins.append(wish)
            elif isinstance(wish, Veto):
                vetoes.append(wish)
            else:
                skips.append(wish)
    kept = []
    for pin in pins:
        if against := _against(pin.spec, vetoes):
            skips.append(
                Skip(pin.model_id, f"{pin.spec} is pinned and ignored ({against}): left as it is")
            )
        else:
            kept.append(pin)
    return Wishes(tuple(kept), tuple(vetoes)), tuple(skips)


def _wishes(node: Node, kinds: Collection[str]) -> Iterator[Pin | Veto | Skip]:
    meta = node.config.get("meta")
    ours = meta.get("schema_evolve") if isinstance(meta, Mapping) else None
    if not isinstance(ours, Mapping):
        return
    for key in _KEYS:
        given = ours.get(key)
        if given is None or given is False:
            continue
        for item in given if isinstance(given, list | tuple) else [given]:
            if node.relation is None:
                yield Skip(node.unique_id, f"meta.schema_evolve.{key}: it has no relation")
            elif key == "pin":
                yield _pin(node, item)
            else:
                yield _veto(node, item, kinds)


def _pin(node: Node, item: Any) -> Pin | Skip:
    assert node.relation is not None  # noqa: S101 - the caller has looked
    spec = entry_spec(node.relation, item)
    if spec is None:
        return Skip(
            node.unique_id,
            f"meta.schema_evolve.pin: {item!r} is no index; write for example "
            "{columns: [customer_id]}",
        )
    if node.materialized == "view":
        return Skip(node.unique_id, f"{spec} is pinned, but a view has no rows to index")
    return Pin(spec, node.unique_id)


def _veto(node: Node, item: Any, kinds: Collection[str]) -> Veto | Skip:
    assert node.relation is not None  # noqa: S101 - the caller has looked
    if item is True:
        return Veto(node.relation, node.unique_id)
    if isinstance(item, str) and item in kinds:
        return Veto(node.relation, node.unique_id, kind=item)
    spec = entry_spec(node.relation, item)
    if spec is not None:
        return Veto(node.relation, node.unique_id, spec=spec)
    return Skip(
        node.unique_id,
        f"meta.schema_evolve.ignore: {item!r} is neither true, nor one of "
        f"{', '.join(sorted(kinds))}, nor an index such as {{columns: [customer_id]}}",
    )


def _against(spec: IndexSpec, vetoes: Iterable[Veto]) -> str:
    """Say which veto forbids an index; empty where none does."""
    for veto in vetoes:
        if veto.relation != spec.relation:
            continue
        if veto.spec is not None and veto.spec.is_like(spec):
            return "the index"
        if veto.spec is None and veto.kind in {"", "index"}:
            return veto.kind or "all advice"
    return ""
