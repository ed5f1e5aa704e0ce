"""`meta.schema_evolve`: config that only our adapter reads, and that every dbt accepts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.config_text import COMPUTED, ConfigText
from dbt_schema_evolve.records.project import Node

META, OURS = "meta", "schema_evolve"


@dataclass(frozen=True, slots=True)
class MetaInCall:
    """`meta.schema_evolve` where `meta` is one argument of a config call, or will be."""

    call: ConfigText
    path: str

    @property
    def values(self) -> Mapping[str, Any]:
        """What the call's `meta` holds for us."""
        ours = self._meta().get(OURS)
        return ours if isinstance(ours, Mapping) else {}

    def put(self, key: str, value: Any) -> str:
        """Set a key, and write the whole of `meta` anew."""
        return self.call.put(META, {**self._meta(), OURS: {**self.values, key: value}})

    def append(self, key: str, item: Any) -> str:
        """Append to a list; a single value becomes a list first."""
        old = self.values.get(key)
        return self.put(key, [*(old if isinstance(old, list | tuple) else [old]), item])

    def remove(self, key: str, position: int, *, keep_empty: bool) -> str:
        """Take an item out of a list, and the key with it when nothing is left."""
        left = [item for at, item in enumerate(self.values[key]) if at != position]
        kept = {name: value for name, value in self.values.items() if name != key}
        if left or keep_empty:
            kept[key] = left
        return self.call.put(META, {**self._meta(), OURS: kept})

    def _meta(self) -> Mapping[str, Any]:
        meta = self.call.values.get(META, {})
        if meta is COMPUTED or not isinstance(meta, Mapping):
            raise PatchError("`meta` is computed by Jinja", at=self.path, remedy="edit it by hand")
        return meta


def known_to_node(node: Node) -> Mapping[str, Any]:
    """Return what dbt resolved for a node, its folders' config included."""
    meta = node.config.get(META)
    ours = meta.get(OURS) if isinstance(meta, Mapping) else None
    return ours if isinstance(ours, Mapping) else {}
