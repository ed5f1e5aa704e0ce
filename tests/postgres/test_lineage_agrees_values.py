"""Values decide: what changes in a result when one column holds others has an edge from it."""

from collections.abc import Iterator

import pytest

from benchmarks import lineage_perturbation
from benchmarks.lineage_oracle import Connection
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from tests.unit.lineage.shop import SCHEMA_SQL, Case, cases, shop

# Not queries, not about relations with rows, or views, whose insides are not theirs.
ELSEWHERE = {
    "dialects",
    "extensions",
    "left_out",
    "parameters",
    "unknown_relations",
    "views",
    "writing",
}
# What cannot be run on views, without a primary key, without libxml, or on data with cycles.
NOT_RUN = {
    "a_cte_that_updates", "group_by_primary_key", "locked", "recursive_search", "table_samples",
    "with_the_database_named", "writing_cte", "xml_table",
}  # fmt: skip
QUERIES = [case for case in cases() if case.file.stem not in ELSEWHERE and case.name not in NOT_RUN]


@pytest.fixture(scope="module")
def turning(cluster: Cluster) -> Iterator[Connection]:
    cluster.create_database("lineage_values")
    with cluster.connect("lineage_values") as connection:
        for statement in SCHEMA_SQL.split(";"):
            if "create type" in statement or "create schema" in statement:
                connection.execute(statement)  # type: ignore[call-overload]
        connection.execute("set search_path to shop, public")
        tables = {
            relation: columns
            for relation, columns in shop().columns.items()
            if relation != RelationName("shop", "daily")
        }
        texts = lineage_perturbation.literals(case.sql for case in QUERIES)
        lineage_perturbation.create_views(connection, tables, texts)
        yield connection
    with cluster.connect() as connection:
        connection.execute("drop database lineage_values with (force)")


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.id)
def test_what_changes_with_a_column_has_an_edge_from_it(turning: Connection, case: Case) -> None:
    schema = shop()
    _, resolver, rows = resolved(case.sql, schema, expand=False)
    indirect = {column.name for column, _ in resolver.notes.indirect}
    direct = [{column.name for column in output.sources} for output in rows.outputs]
    names = [f"c{at}" for at in range(len(direct))]
    columns = [
        ColumnName(relation, column.name)
        for relation in sorted(resolver.notes.reads)
        for column in schema.columns.get(relation, ())
    ]
    text = f"select * from ({case.sql}\n) as q ({', '.join(names)})"
    for change in lineage_perturbation.changes(turning, text, names, columns):
        if change.column in indirect:
            continue
        assert not change.rows, change.column
        for output in change.outputs:
            assert change.column in direct[names.index(output)], (output, change.column)
