"""sqllineage on every statement, with the columns of the catalog as its metadata."""

import json
import sys
import time

from sqllineage.core.metadata.dummy import DummyMetaDataProvider
from sqllineage.runner import LineageRunner


def main(manifest: str, catalog: str, most: str) -> None:
    """Print models, seconds of CPU and edges, of every n-th model so that there are `most`."""
    with open(manifest) as one, open(catalog) as other:  # noqa: PTH123
        nodes, tables = json.load(one)["nodes"], json.load(other)
    columns = {
        f"{table['metadata']['schema']}.{table['metadata']['name']}": list(table["columns"])
        for table in (*tables["nodes"].values(), *tables["sources"].values())
    }
    statements = [
        f'create table "{node["schema"]}"."{node["alias"]}" as {node["compiled_code"]}'
        for node in nodes.values()
        if node["resource_type"] in {"model", "snapshot"} and node.get("compiled_code")
    ]
    statements = statements[:: max(1, len(statements) // int(most))]
    edges = failed = 0
    began = time.process_time()
    for statement in statements:
        try:
            runner = LineageRunner(
                statement, dialect="postgres", metadata_provider=DummyMetaDataProvider(columns)
            )
            edges += len(runner.get_column_lineage(exclude_subquery_columns=True))
        except Exception:
            failed += 1
    spent = time.process_time() - began
    print(
        json.dumps({"models": len(statements), "seconds": spent, "edges": edges, "failed": failed})
    )


main(*sys.argv[1:])
