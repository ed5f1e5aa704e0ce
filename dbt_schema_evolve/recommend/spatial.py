"""GiST for what overlaps, contains or is near: ranges, shapes and networks."""

from collections.abc import Iterator
from dataclasses import replace

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.workload import UseKind

_INSIDE = frozenset({"&&", "@>", "<@", "<<", ">>", "&<", "&>", "-|-", "~="})
_SHAPES = frozenset({"point", "box", "polygon", "circle"})
_NETWORKS = frozenset({"inet", "cidr"})
_NETWORK = frozenset({"&&", ">>", ">>=", "<<", "<<="})
_NEAREST = "<->"


def spatial(access: Access, table: Table) -> Iterator[Shape]:
    """Yield GiST indexes where the type and the operator say that only they can serve."""
    for search in access.searches:
        if search.key.is_expression:
            continue
        key, kind = search.key, table.type_of(search.key.term)
        if search.kind is UseKind.ORDER:
            if search.operator == _NEAREST and kind in _SHAPES:
                yield Shape(IndexSpec(table.name, (key,), method="gist"), f"nearest by {key.term}")
            continue
        if search.kind is not UseKind.CONTAINMENT:
            continue
        if kind in _NETWORKS and search.operator in _NETWORK:
            key = replace(key, operator_class="inet_ops")  # not the default, for old reasons
        elif not (search.operator in _INSIDE and (kind in _SHAPES or _is_range(kind))):
            continue
        yield Shape(
            IndexSpec(table.name, (key,), method="gist"), f"{search.operator} on {key.term}"
        )


def _is_range(kind: str) -> bool:
    return kind.endswith("range") and kind != "range"
