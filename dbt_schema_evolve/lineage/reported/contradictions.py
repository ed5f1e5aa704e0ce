"""Where an event and the SQL cannot both be right.

Saying less is no contradiction: an event that names relations only, or no columns for an output,
or calls a cast a transformation. Nor is a column that decides about rows and that an event does
not mention, because few producers do.
"""

from collections.abc import Iterable, Iterator, Mapping

from dbt_schema_evolve.lineage.reported.claims import Claim, ColumnClaim
from dbt_schema_evolve.lineage.reported.known import ColumnKey, KnownEdges
from dbt_schema_evolve.records.etl import DirectKind
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Conflict,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageNode,
)

_Says = tuple[str, str, str]
"""A column, what the SQL says of it, and what the event says."""

_PASSED_ON = frozenset({EdgeKind.IDENTITY, EdgeKind.RENAME})
_COMPUTED = frozenset({EdgeKind.EXPRESSION, EdgeKind.AGGREGATE, EdgeKind.WINDOW})

# Names that Postgres, Spark and the catalogs of other tools have for what is one type. Types that
# producers blur, such as uuid and json, which Spark reads as strings, are in no family.
_FAMILIES = {
    "integer": "int2 int4 int8 int integer bigint smallint tinyint long short serial bigserial",
    "exact number": "decimal numeric",
    "float": "float float4 float8 double real",
    "boolean": "bool boolean",
    "date": "date",
    "time stamp": "timestamp timestamptz timestamp_ntz timestamp_ltz datetime",
    "text": "varchar text string character char bpchar nvarchar",
}
_FAMILY = {name: family for family, names in _FAMILIES.items() for name in names.split()}


def conflicts(claim: Claim, known: KnownEdges, node: LineageNode | None) -> Iterator[Conflict]:
    """Yield where a claim about a node contradicts what SQL and warehouse say of it."""
    for column, sql_says, event_says in (*_types(claim, node), *_edges(claim, known)):
        yield Conflict(claim.target, column, sql_says, event_says, claim.producer)


def _types(claim: Claim, node: LineageNode | None) -> Iterator[_Says]:
    if node is None or not node.columns or node.has_inferred_columns:
        return
    known = {column.name.lower(): column for column in node.columns}
    said = {column.name: column.type for column in claim.columns}
    said |= {made.column: "" for made in claim.by_column if made.column not in said}
    for name, kind in sorted(said.items()):
        column = known.get(name.lower())
        if column is None:
            yield name, "there is no such column", f"there is one{kind and f' of type {kind}'}"
        elif family(column.type) and family(kind) and family(column.type) != family(kind):
            yield column.name, column.type, kind


def _edges(claim: Claim, known: KnownEdges) -> Iterator[_Says]:
    if not known.has_columns(claim.target):
        return
    decides = known.indirect(claim.target)
    for made in claim.by_column:
        found = _sources(made, known.columns(claim.target, made.column), decides)
        if found is not None:
            yield made.column, *found
    # How they decide is no matter: a filter on two relations is a join to another.
    used = known.used(claim.target)
    for edge in claim.indirect_edges:
        key = edge.source, edge.source_column
        if key not in used:
            yield "", f"{_name(key)} is not used", f"{_name(key)} decides about rows ({edge.kind})"


def _sources(
    made: ColumnClaim,
    known: Mapping[ColumnKey, set[ColumnEdge]],
    decides: Mapping[ColumnKey, set[IndirectEdge]],
) -> tuple[str, str] | None:
    """Return what SQL and event say one column is made from, where that differs."""
    explained = {edge for key in made.direct for edge in known.get(key, ())}
    missing = {edge for edges in known.values() for edge in edges} - explained
    demoted = {
        key: made.indirect[key] for key in known if key in made.indirect.keys() - made.direct
    }
    extra = [key for key in made.direct if key not in known]
    if extra or demoted or (missing and made.direct):
        promoted = {key: min(e.kind for e in decides[key]) for key in extra if key in decides}
        sql = {(edge.source, edge.source_column) for edges in known.values() for edge in edges}
        return _listed(sql, promoted), _listed(made.direct, demoted)
    for key, kind in sorted(made.direct.items()):
        kinds = {edge.kind for edge in known[key]}
        if kind is DirectKind.IDENTITY and kinds <= _COMPUTED:
            return f"{_name(key)} goes into an {min(kinds)}", f"{_name(key)} is passed on"
        if kind in {DirectKind.TRANSFORMATION, DirectKind.AGGREGATION} and kinds <= _PASSED_ON:
            return f"{_name(key)} is passed on", f"{_name(key)} goes into an {kind.lower()}"
    return None


def family(kind: str) -> str:
    """Return what sort of values a type has; nothing where that is not sure."""
    name = kind.strip().lower()
    if name.endswith("[]"):
        return ""
    word = name.split("(")[0].split()
    return _FAMILY.get(word[0], "") if word else ""


def _listed(direct: Iterable[ColumnKey], indirect: Mapping[ColumnKey, IndirectKind]) -> str:
    parts = [_name(key) for key in sorted(direct)]
    parts += [f"{_name(key)} only for {kind}" for key, kind in sorted(indirect.items())]
    return ", ".join(parts) or "nothing"


def _name(key: ColumnKey) -> str:
    return ".".join(key)
