"""Runs queries in pairs under two sets of indexes: times, and the blocks that they touch."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

Switch = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Blocks:
    """What one execution touched: the witness that does not depend on who else is at work."""

    shared: int  # hit or read
    temp: int  # read or written


@dataclass(frozen=True, slots=True)
class PairedRun:
    """Both sides of one query; times in pairs that ran next to each other."""

    baseline_us: tuple[int, ...]
    changed_us: tuple[int, ...]
    baseline_blocks: Blocks
    changed_blocks: Blocks
    cut_off: bool = False  # the changed side ran into the timeout, which stands for its time


def paired_runs(
    connection: psycopg.Connection,
    query: str,
    baseline: Switch,
    changed: Switch,
    *,
    pairs: int,
    timeout_s: float,
    known_blocks: Blocks | None = None,
) -> PairedRun | None:
    """Run a query in interleaved pairs after one run each to warm up; None: it takes too long.

    The changed side is cut off at four times the baseline, or a second. `known_blocks` are the
    baseline's where it ran not long ago, and so is warm.
    """
    baseline()
    _limit(connection, timeout_s)
    try:
        baseline_blocks = known_blocks or _blocks(connection, query)
        base_us = _time_us(connection, query)
    except psycopg.errors.QueryCanceled:
        return None
    times: tuple[list[int], list[int]] = ([base_us], [])
    limit_s = max(4 * base_us / 1e6, 1.0)
    changed()
    _limit(connection, limit_s)
    try:
        changed_blocks = _blocks(connection, query)
        times[1].append(_time_us(connection, query))
        for number in range(1, pairs):
            sides = (0, 1) if number % 2 == 0 else (1, 0)
            for side in sides:
                (baseline, changed)[side]()
                times[side].append(_time_us(connection, query))
    except psycopg.errors.QueryCanceled:
        shown = len(times[1]) or 1
        cut = (*times[1], round(limit_s * 1e6))[:shown]
        return PairedRun(
            tuple(times[0][:shown]), cut, baseline_blocks, baseline_blocks, cut_off=True
        )
    return PairedRun(tuple(times[0]), tuple(times[1]), baseline_blocks, changed_blocks)


def _limit(connection: psycopg.Connection, seconds: float) -> None:
    connection.execute(f"set statement_timeout = '{round(seconds * 1000)}ms'")


def _blocks(connection: psycopg.Connection, query: str) -> Blocks:
    row = connection.execute(
        b"explain (analyze, buffers, timing off, format json) " + query.encode()
    ).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return Blocks(
        plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        plan["Temp Read Blocks"] + plan["Temp Written Blocks"],
    )


def _time_us(connection: psycopg.Connection, query: str) -> int:
    began = time.perf_counter_ns()
    connection.execute(query.encode()).fetchall()
    return (time.perf_counter_ns() - began) // 1000
