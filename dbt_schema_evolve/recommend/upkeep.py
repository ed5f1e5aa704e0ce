"""What keeping a spec costs at each dbt run, in the planner's units.

The planner has no price for writing. The constants were fitted to Postgres 18 (0.1 and 1 million
rows, in memory, single process), where one unit took about 4 to 6 microseconds.
"""

import math

from dbt_schema_evolve.recommend.ownership import REBUILT, builds, owner
from dbt_schema_evolve.recommend.table import profiles_of
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence

_CPU_TUPLE = 0.01  # cpu_tuple_cost
_COMPARISON = 0.005  # two cpu_operator_cost, as cost_tuplesort charges
_TEXT_FACTOR = 3.0  # md5 keys took 2.6 to 3.3 times as long to sort as integers
_WIDE_KEY_BYTES = 17  # wider than a uuid: compared by collation, not as a number
_INSERT = 1.0  # 6.4 us a row into a btree on a random key, measured
_WRITE_PAGE = 6.0  # 28 us a page of CREATE TABLE AS beyond its SELECT, measured
_BRIN_FACTOR = 0.1  # a BRIN summary sorts nothing


def table_write_cost(rows: float, width_bytes: int) -> float:
    """Return what storing a result costs beyond computing it."""
    return _WRITE_PAGE * pages(rows, width_bytes)


def pages(rows: float, width_bytes: int) -> float:
    """Return the pages that rows fill: 24 bytes of header and a pointer of 4 for each."""
    return math.ceil(rows * (width_bytes + 28) / 8192)


def index_build_cost(evidence: Evidence, spec: IndexSpec, rows: float | None = None) -> float:
    """Return what one dbt run pays for an index, in planner units.

    A rebuilt table sorts all its rows anew at each run; an incremental one inserts the rows that
    are new. What dbt does not build pays outside of dbt runs, so nothing here.
    """
    relation = spec.relation
    node = owner(evidence, relation)
    profile = evidence.relations.get(relation)
    if rows is None:
        rows = float(max(profile.estimated_rows or 0, 0)) if profile else 0.0
    if node is None or rows < 2:
        return 0.0
    if node.materialized in REBUILT or node.materialized == "view":
        return _sort_cost(evidence, spec, rows)
    changed = rows
    if profile is not None and profile.inserted_rows is not None:
        changed = float(profile.inserted_rows + (profile.updated_rows or 0))
    per_run = min(changed, rows) / max(builds(evidence, relation), 1)
    return per_run * _INSERT * (_BRIN_FACTOR if spec.method == "brin" else 1.0)


def _sort_cost(evidence: Evidence, spec: IndexSpec, rows: float) -> float:
    columns = profiles_of(evidence, spec.relation)
    row_bytes = sum(column.average_width_bytes or 8 for column in columns.values())
    scan = pages(rows, row_bytes) + rows * _CPU_TUPLE
    if spec.method == "brin":
        return scan * (1 + _BRIN_FACTOR)
    first = columns.get(spec.keys[0].term)
    width = (first.average_width_bytes or 8) if first else 8
    factor = _TEXT_FACTOR if width >= _WIDE_KEY_BYTES else 1.0
    return scan + factor * rows * math.log2(rows) * _COMPARISON


def spec_build_cost(evidence: Evidence, spec: IndexSpec | DropIndexSpec) -> float:
    """Return the cost of one run's share of an index, negative for one that goes."""
    if isinstance(spec, DropIndexSpec):
        return -index_build_cost(evidence, spec.index) if spec.index.method == "btree" else 0.0
    return index_build_cost(evidence, spec)
