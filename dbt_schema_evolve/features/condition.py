"""In what state a relation is: its size, its bloat, the age of its statistics."""

from collections.abc import Mapping
from math import isfinite, log, log1p

import numpy as np

from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.lines import middle
from dbt_schema_evolve.features.timeline import Floats
from dbt_schema_evolve.records.relations import RelationName

CHANGES = (1, 3, 7)  # days over which recent changes of rows are told


def condition(relation: RelationName, rows: KnownRows, cutoff: float) -> Mapping[str, float]:
    """Return what the profiles up to a cut-off say; what they do not is left out."""
    seen = rows.sizes(relation)
    if seen is None:
        return {}
    sizes, count = seen
    last = count - 1
    now, table = float(sizes.rows[last]), float(sizes.table_bytes[last])
    dead, index = float(sizes.dead_rows[last]), float(sizes.index_bytes[last])
    analyzed = float(sizes.analyzed_days[last])
    values = {
        "log_rows": log1p(now),
        "log_bytes": log1p(max(table, 0.0)),
        "bytes_per_row_over_median": _over_median(sizes.table_bytes[:count], sizes.rows[:count]),
        "dead_ratio": max(dead, 0.0) / max(now + dead, 1.0),
        # A server's clock may run ahead of ours.
        "days_since_analyze": max(cutoff - analyzed, 0.0),
        "changed_since_analyze_ratio": _changed_since(
            analyzed, sizes.days[:count], sizes.changed_rows[:count]
        )
        / max(now, 1.0),
        "index_bytes_ratio": max(index, 0.0) / max(table, 1.0),
    }
    for days in CHANGES:
        change = rows.log_change(relation, cutoff - days)
        if change is not None:
            values[f"log_rows_change_{days}"] = change
        arrived = rows.arrived(relation, days)
        if arrived is not None:
            values[f"log_arrived_{days}_over_before"] = log((1 + arrived[0]) / (1 + arrived[1]))
    return {name: value for name, value in values.items() if isfinite(value)}


def _over_median(table_bytes: Floats, rows: Floats) -> float:
    """Return log(bytes a row / its past median); bloat makes it grow, a rewrite takes it away."""
    enough = (rows >= 1) & (table_bytes > 0)
    if len(rows) < 2 or not enough[-1] or not enough[:-1].any():
        return float("nan")
    per_row = np.log(table_bytes[enough] / rows[enough])
    return float(per_row[-1]) - middle(np.sort(per_row[:-1]))


def _changed_since(analyzed: float, days: Floats, changed: Floats) -> float:
    """Return how many rows were written since the statistics were made; told by two captures."""
    told = np.isfinite(changed)
    if not isfinite(analyzed) or told.sum() < 2:
        return float("nan")
    then = float(np.interp(analyzed, days[told], changed[told]))
    return float(changed[told][-1]) - then
