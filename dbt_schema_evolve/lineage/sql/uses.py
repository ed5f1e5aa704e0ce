"""How one query uses the columns of the stored relations behind the views it reads."""

from dbt_schema_evolve.lineage.sql.parsing import Parse, UnreadableError, parse, refreshed
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.lineage.sql.schema import SYSTEM_SCHEMAS, LineageSchema
from dbt_schema_evolve.records.workload import QueryUses, Skip

SYSTEM_ONLY = "reads only the system catalog"


def query_uses(
    fingerprint: str, sql: str, schema: LineageSchema, parsed: Parse = parse
) -> QueryUses | Skip:
    """Return what a statement reads and how, views expanded; or why that cannot be told.

    Who reads thousands of statements, each once, has them `parsed` by `parse_once`.
    """
    view = refreshed(sql)
    if view is not None:
        return QueryUses(
            fingerprint, frozenset(), schema.relation(*view), frozenset(), frozenset(), frozenset()
        )
    try:
        tree, resolver, rows = resolved(sql, schema, expand=True, parsed=parsed)
    except UnreadableError as unreadable:
        return Skip(fingerprint, unreadable.reason)
    if resolver.notes.reads and all(read.schema in SYSTEM_SCHEMAS for read in resolver.notes.reads):
        return Skip(fingerprint, SYSTEM_ONLY)
    uses = resolver.notes.uses
    written = uses
    if resolver.notes.views:
        _, unexpanded, _ = resolved(sql, schema, expand=False, parsed=lambda _: tree)
        written = unexpanded.notes.uses
    return QueryUses(
        fingerprint=fingerprint,
        reads=frozenset(resolver.notes.reads),
        writes=resolver.writes,
        base_relations=frozenset(resolver.notes.base),
        views=frozenset(resolver.notes.views),
        uses=uses,
        written_uses=written,
        outputs=tuple(
            (output.name, frozenset(column.name for column in output.sources))
            for output in rows.outputs
        ),
    )
