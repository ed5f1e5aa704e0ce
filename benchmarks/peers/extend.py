"""Extend, the algorithm of the Hasso Plattner Institute, as `index-eab` has it."""

import json
import sys
import time

from index_eab.eab_utils.common_utils import get_columns_from_schema, read_row_query
from index_eab.eab_utils.postgres_dbms import PostgresDatabaseConnector
from index_eab.eab_utils.workload import Workload
from index_eab.index_advisor.extend_algorithm import ExtendAlgorithm


def main(file: str) -> None:
    """Print the chosen indexes, seconds, and how often the planner was asked."""
    with open(file) as source:  # noqa: PTH123
        task = json.load(source)
    place = task["connection"]
    connector = PostgresDatabaseConnector(
        autocommit=True,
        host=place["host"],
        port=place["port"],
        db_name=place["dbname"],
        user=place["user"],
    )
    began = time.perf_counter()
    _, columns = get_columns_from_schema(task["schema"])
    workload = Workload(read_row_query(task["queries"], columns))
    limits = {
        "budget_MB": task["budget_mb"],
        "max_index_width": task["width"],
        "max_indexes": None,  # read in any case, used with the other constraint only
        "constraint": "storage",
    }
    indexes = ExtendAlgorithm(connector, limits).calculate_best_indexes(workload)
    print(
        json.dumps(
            {
                "seconds": round(time.perf_counter() - began, 2),
                "oracle_calls": connector.cost_estimations,
                "estimated_bytes": sum(index.estimated_size for index in indexes),
                "indexes": [
                    [index.columns[0].table.name, [column.name for column in index.columns]]
                    for index in indexes
                ],
            }
        )
    )


main(sys.argv[1])
