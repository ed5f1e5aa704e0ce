"""The entries of `indexes`, as postgres has them plus `where` and `include`."""

# mypy: allow-subclassing-any, allow-untyped-calls

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from dbt.adapters.exceptions import IndexConfigError
from dbt.adapters.postgres.impl import PostgresIndexConfig
from dbt_common.utils import encoding

# https://www.postgresql.org/docs/current/sql-createindex.html
_METHODS_WITH_INCLUDE = frozenset({"btree", "gist", "spgist"})
_METHODS_WITH_UNIQUE = frozenset({"btree"})
_QUOTED_FOR_NO_REASON = re.compile(r'"([a-z_][a-z0-9_$]*)"')
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


@dataclass
class PgEvolveIndexConfig(PostgresIndexConfig):
    """One entry; columns, include and where are SQL as the user wrote it."""

    where: str | None = None
    include: list[str] | None = None

    @classmethod
    def parse(cls, raw_index: Any) -> Self | None:
        """Check an entry as far as that goes without its table."""
        index: Self | None = super().parse(raw_index)
        if index is not None:
            for problem in index._problems():
                raise IndexConfigError(f"{problem}, in {dict(raw_index)}")
        return index

    def render(self, relation: Any) -> str:
        """Return a name that is new at each build, as postgres does."""
        parts = [super().render(relation), *(self.include or []), self.where or ""]
        name: str = encoding.md5("_".join(parts))
        return name

    def _problems(self) -> list[str]:
        method = self.type or "btree"
        where = (self.where or "").strip()
        problems = []
        if not self.columns:
            problems.append("`columns` is empty")
        if self.include and method not in _METHODS_WITH_INCLUDE:
            problems.append(f"a {method} index takes no `include`")
        if self.unique and method not in _METHODS_WITH_UNIQUE:
            problems.append(f"a {method} index cannot be `unique`")
        if self.where is not None and not where:
            problems.append("`where` is empty: leave it out to index every row")
        if where.lower().startswith("where "):
            problems.append("`where` takes the predicate alone, without the word `where`")
        if where.endswith(";"):
            problems.append("`where` ends in a semicolon")
        return problems


def configured_indexes(config: Any) -> list[dict[str, Any]]:
    """Return the entries of `indexes` and of `meta.schema_evolve.indexes`.

    The second place is for projects that must also build elsewhere: postgres and dbt 2 refuse
    `where` and `include` in `indexes`, and ignore `meta`.
    """
    meta = config.get("meta", None) or {}
    ours = meta.get("schema_evolve", None) if isinstance(meta, Mapping) else None
    more = ours.get("indexes", None) if isinstance(ours, Mapping) else None
    return [*(config.get("indexes", None) or []), *(more or [])]


def same_sql(fragment: str) -> str:
    """Spell a column or expression so that `ID`, `id` and `"id"` compare equal."""
    text = " ".join(fragment.split())
    if _PLAIN.fullmatch(text):
        return text.lower()
    unneeded = _QUOTED_FOR_NO_REASON.fullmatch(text)
    return unneeded[1] if unneeded else text
