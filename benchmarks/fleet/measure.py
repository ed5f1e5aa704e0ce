"""Runs statements under EXPLAIN ANALYZE: their time, the work that they were, and their plans.

A neighbour on the same machine makes wall-clock times longer. What a server's process spent on a
core, as Linux counts it in `/proc/<pid>/schedstat`, leaves out the waiting for one; and repeats
come in rounds, so that a burst does not hit all runs of one query.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.plans import read_plan

_EXPLAIN = "explain (analyze, timing off, buffers, verbose, format json) "
_ROUNDS = 2
_ALIKE = 1.15  # two runs further apart were disturbed: a third decides
_NEIGHBOUR = "select count(*) from generate_series(1, 300000)"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a statement took on one day."""

    best_us: int  # the shortest run, waiting for a core left out
    mean_us: int  # of all runs, by the clock
    blocks: int  # shared, hit or read, of the last run
    temp_blocks: int
    rows: int  # passed on by all nodes of the plan
    result_rows: int
    plan_id: str
    estimated_cost: float


@dataclass(frozen=True, slots=True)
class _Execution:
    answer: Mapping[str, Any]
    clock_us: int
    core_us: int


def measure(connection: psycopg.Connection[Any], queries: Sequence[str]) -> list[Measured]:
    """Run each query two or three times, in rounds."""
    rounds = [[_executed(connection, sql) for sql in queries] for _ in range(_ROUNDS)]
    found = []
    for sql, executions in zip(queries, map(list, zip(*rounds, strict=True)), strict=True):
        times = [_us(execution) for execution in executions]
        if max(times) > _ALIKE * min(times):
            executions.append(_executed(connection, sql))
        found.append(_measured(executions))
    return found


def measure_once(connection: psycopg.Connection[Any], sql: str) -> Measured:
    """Run a statement that changes something."""
    return _measured([_executed(connection, sql)])


@contextmanager
def neighbour(connect: Callable[[], psycopg.Connection[Any]]) -> Iterator[None]:
    """Keep another session busy for as long as the block runs."""
    over = threading.Event()

    def work() -> None:
        with connect() as connection:
            while not over.is_set():
                connection.execute(_NEIGHBOUR)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _executed(connection: psycopg.Connection[Any], sql: str) -> _Execution:
    used = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    before = _nanoseconds(used)
    row = connection.execute(_EXPLAIN.encode() + sql.encode()).fetchone()
    core_us = (_nanoseconds(used) - before) // 1000
    assert row is not None
    answer: Mapping[str, Any] = row[0][0]
    return _Execution(answer, round(answer["Execution Time"] * 1000), core_us)


def _nanoseconds(used: Path) -> int:
    return int(used.read_text().split()[0])


def _us(execution: _Execution) -> int:
    # The core's time holds planning too, which for a short query is the longer part.
    return min(execution.clock_us, execution.core_us)


def _measured(executions: Sequence[_Execution]) -> Measured:
    plan = executions[-1].answer["Plan"]
    words = "\n".join(read_plan(plan, {}).plan)
    return Measured(
        best_us=min(_us(execution) for execution in executions),
        mean_us=round(sum(each.clock_us for each in executions) / len(executions)),
        blocks=plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        temp_blocks=plan["Temp Read Blocks"] + plan["Temp Written Blocks"],
        rows=sum(round(node["Actual Rows"] * node["Actual Loops"]) for node in _nodes(plan)),
        result_rows=round(plan["Actual Rows"]),
        plan_id=hashlib.sha256(words.encode()).hexdigest()[:12],
        estimated_cost=plan["Total Cost"],
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
