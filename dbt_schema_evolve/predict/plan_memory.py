"""Whether the sorts and hash tables of a plan will fit into the memory that a server gives them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from dbt_schema_evolve.records.plans import PlanNode

_UNITS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE = re.compile(r"(\d+)\s*([kMGT]?B)?\Z")
_DEFAULT_BYTES = 4 << 20
_DEFAULT_HASH_MULTIPLIER = 2.0  # since Postgres 15; a catalog always says
# Bytes of what Postgres keeps beside the columns: heap tuple header and minimal tuple header, both
# aligned; SortTuple; HashJoinTupleData, TupleHashEntryData, AggStatePerGroupData.
_HEAP_TUPLE, _MINIMAL_TUPLE, _SORT_TUPLE = 24, 16, 24
_HASH_TUPLE, _HASH_ENTRY, _PER_GROUP = 16, 24, 16
# Of a hash join's memory, kept back for the most frequent values of the outer side where it joins
# by a single column (hashjoin.h, SKEW_HASH_MEM_PERCENT); a plan does not say by how many. On the
# fleet 72 more of 751 spills that were overlooked are seen, for 9 more false ones among 40,000.
_FOR_SKEW = 0.02
_LIMIT_REACHES_THROUGH = {"Gather", "Gather Merge", "Subquery Scan", "Result"}


@dataclass(frozen=True, slots=True)
class WorkMemory:
    """What one node of a plan may use before it writes to temporary files."""

    sort_bytes: float = _DEFAULT_BYTES
    hash_bytes: float = _DEFAULT_BYTES * _DEFAULT_HASH_MULTIPLIER


def work_memory(settings: Iterable[tuple[str, str]]) -> WorkMemory:
    """Read the memory from a server's settings; those that are not there have their defaults."""
    named: Mapping[str, str] = dict(settings)
    size = _SIZE.match(named.get("work_mem", ""))
    work_mem = int(size[1]) * _UNITS[size[2] or "kB"] if size else _DEFAULT_BYTES
    try:
        multiplier = float(named.get("hash_mem_multiplier", _DEFAULT_HASH_MULTIPLIER))
    except ValueError:
        multiplier = _DEFAULT_HASH_MULTIPLIER
    return WorkMemory(work_mem, work_mem * multiplier)


def fill_ratio(words: Sequence[str], nodes: Sequence[PlanNode], memory: WorkMemory) -> float:
    """Return how many times its memory the fullest node needs; 0 where none keeps rows.

    `words` are what each node does, beside the nodes, as an estimate has them.
    """
    limits: dict[int, float] = {}  # by depth: how many rows a LIMIT above leaves to be wanted
    fullest = 0.0
    for word, node in zip(words, nodes, strict=True):
        limit = limits.get(node.depth, float("inf"))
        need = _need(word, node, limit)
        if need:
            allowed = memory.hash_bytes if _hashes(word, node) else memory.sort_bytes
            fullest = max(fullest, need / allowed)
        if node.kind == "Limit":
            limits[node.depth + 1] = min(limit, node.estimated_rows)
        elif node.kind in _LIMIT_REACHES_THROUGH:
            limits[node.depth + 1] = limit
        else:
            limits[node.depth + 1] = float("inf")
    return fullest


def _hashes(word: str, node: PlanNode) -> bool:
    return node.kind == "Hash" or (node.kind == "Aggregate" and "hashed" in word.split())


def _need(word: str, node: PlanNode, limit: float) -> float:
    """Return the bytes that a node keeps, by Postgres's own formulas.

    Of an incremental sort nothing is said: it keeps a group at a time, and the largest decides. Of
    50 on the fleet whose rows would not all fit, 14 wrote to disk.
    """
    rows, width = node.estimated_rows, _aligned(node.width_bytes)
    if node.kind == "Sort":
        # costsize.c, cost_tuplesort: with a limit well below the rows, a heap of that many is kept.
        # It counts 24 bytes beside a row's columns; tuplesort.c keeps a SortTuple as well.
        kept = limit if rows > 2 * limit else rows
        return kept * (_SORT_TUPLE + _MINIMAL_TUPLE + width)
    if node.kind == "Materialize":
        return rows * (_HEAP_TUPLE + width)  # costsize.c, cost_material and relation_byte_size
    if node.kind == "Hash":
        # nodeHash.c, ExecChooseHashTableSize: buckets are pointers, their number a power of two.
        kept = rows * (_HASH_TUPLE + _MINIMAL_TUPLE + width) + 8 * _power_of_two(rows)
        return kept / (1 - _FOR_SKEW)
    if _hashes(word, node):
        # nodeAgg.c, hash_agg_entry_size, with the state of one aggregate.
        return rows * (_HASH_ENTRY + _MINIMAL_TUPLE + width + _PER_GROUP)
    return 0.0


def _aligned(width: int) -> int:
    return ceil(width / 8) * 8


def _power_of_two(rows: float) -> int:
    return 1 << max(ceil(rows) - 1, 1).bit_length()
