"""dbt-colibri's extraction, without its reading of the artifacts and its report."""

import json
import logging
import resource
import sys
import time

from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor

logging.disable(logging.CRITICAL)


def main(manifest: str, catalog: str) -> None:
    """Print models, seconds of wall clock and CPU, and the number of direct column edges."""
    extractor = DbtColumnLineageExtractor(manifest, catalog)
    began, cpu = time.perf_counter(), time.process_time()
    found = extractor.extract_project_lineage()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    edges = {
        (parent["dbt_node"], parent["column"], node, column)
        for node, columns in found["lineage"]["parents"].items()
        for column, parents in columns.items()
        if not column.startswith("__colibri_")
        for parent in parents
        if parent["column"]
    }
    print(
        json.dumps(
            {
                "models": len(extractor.selected_models),
                "seconds": cpu,
                "wall_seconds": seconds,
                "edges": len(edges),
                "edge_list": sorted(edges),
                "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


main(*sys.argv[1:])
