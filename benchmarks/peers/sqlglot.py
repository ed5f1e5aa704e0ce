"""sqlglot's own `lineage` over all columns of all models, in the fastest way that it offers."""

import gc
import json
import sys
import time

from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.schema import MappingSchema


def main(manifest: str, catalog: str) -> None:
    """Print models, seconds of CPU, and the number of edges."""
    with open(manifest) as one, open(catalog) as other:  # noqa: PTH123
        nodes, tables = json.load(one)["nodes"], json.load(other)
    columns: dict = {}
    for table in (*tables["nodes"].values(), *tables["sources"].values()):
        names = {column: found["type"] for column, found in table["columns"].items()}
        if names:
            schema = columns.setdefault("postgres", {}).setdefault(table["metadata"]["schema"], {})
            schema[table["metadata"]["name"]] = names
    texts = [
        node["compiled_code"]
        for node in nodes.values()
        if node["resource_type"] in {"model", "snapshot"} and node.get("compiled_code")
    ]
    edges = failed = 0
    spent = 0.0
    gc.collect()
    gc.disable()  # as ours does; it makes sqlglot a third faster
    for text in texts:
        began = time.process_time()
        if not spent:
            schema = MappingSchema(columns, dialect="postgres")
        try:
            found = lineage(None, text, schema, dialect="postgres", trim_selects=False)
        except Exception:
            found = {}
            failed += 1
        spent += time.process_time() - began
        for node in found.values():
            leaves = (each for each in node.walk() if isinstance(each.expression, exp.Table))
            edges += len(
                {
                    (each.expression.db, each.expression.name, each.name.rpartition(".")[2])
                    for each in leaves
                }
            )
        del found
        if len(texts) > 1_000:
            gc.collect()
    print(json.dumps({"models": len(texts), "seconds": spent, "edges": edges, "failed": failed}))


main(*sys.argv[1:])
