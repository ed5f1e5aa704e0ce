"""From which stored column a view's column comes unchanged, so that it has its statistics."""

from dbt_schema_evolve.lineage.sql.resolve import expanded
from dbt_schema_evolve.lineage.sql.rows import IDENTITY
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.relations import ColumnName


def view_origins(schema: LineageSchema) -> dict[ColumnName, ColumnName]:
    """Return the stored column behind each view column that passes its values on as they are."""
    origins = {}
    for view in sorted(schema.views):
        facts = expanded(schema, view)
        for output in facts.rows.outputs if facts else ():
            if len(output.sources) == 1:
                ((stored, rank),) = output.sources.items()
                if rank == IDENTITY:
                    origins[ColumnName(view, output.name)] = stored.name
    return origins
