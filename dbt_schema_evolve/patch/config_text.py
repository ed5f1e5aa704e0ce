"""What every place that holds a model's config can do, whatever its syntax."""

from collections.abc import Mapping
from typing import Any, Protocol


class Computed:
    """A value that only dbt can know, because Jinja computes it."""

    def __repr__(self) -> str:
        """Name it in a message."""
        return "a computed value"


COMPUTED = Computed()


class ConfigText(Protocol):
    """A text that holds one node's config; every edit returns the whole new text.

    Each edit parses the text again and raises PatchError unless the intended key, and nothing
    else, differs.
    """

    @property
    def values(self) -> Mapping[str, Any]:
        """The config that this place sets; COMPUTED where it is not a literal."""
        ...

    def put(self, key: str, value: Any) -> str:
        """Set a key that is there, or add it."""
        ...

    def append(self, key: str, item: Any) -> str:
        """Append to a list; a single value becomes a list first."""
        ...

    def remove(self, key: str, position: int, *, keep_empty: bool) -> str:
        """Take an item out of a list, and the key with it when nothing is left."""
        ...
