"""How full the memory of a plan's sorts and hash tables is, held to what Postgres counts."""

import pytest

from dbt_schema_evolve.predict.plan_memory import WorkMemory, fill_ratio, work_memory
from dbt_schema_evolve.records.plans import PlanNode

MEMORY = WorkMemory(sort_bytes=1_000_000.0, hash_bytes=2_000_000.0)


def node(kind: str, rows: float, width: int = 24, depth: int = 0) -> PlanNode:
    return PlanNode(depth, kind, None, None, rows, width, 0.0, 1.0)


@pytest.mark.parametrize(
    ("settings", "sort_bytes", "hash_bytes"),
    [
        ([], 4 << 20, 8 << 20),
        ([("work_mem", "64kB"), ("hash_mem_multiplier", "1")], 65_536, 65_536),
        ([("work_mem", "2GB"), ("hash_mem_multiplier", "1.5")], 2 << 30, 3 << 30),
        ([("work_mem", "512")], 524_288, 1_048_576),
        ([("work_mem", "much"), ("hash_mem_multiplier", "more")], 4 << 20, 8 << 20),
    ],
)
def test_memory_is_what_the_settings_say(
    settings: list[tuple[str, str]], sort_bytes: float, hash_bytes: float
) -> None:
    assert work_memory(settings) == WorkMemory(sort_bytes, hash_bytes)


def test_a_sort_fills_the_memory_in_proportion_to_its_rows() -> None:
    small, large = (fill_ratio(("Sort",), (node("Sort", n),), MEMORY) for n in (10_000, 20_000))
    assert small == pytest.approx(10_000 * (24 + 16 + 24) / 1_000_000)
    assert large == pytest.approx(2 * small)


def test_a_limit_leaves_little_of_a_sort() -> None:
    words = ("Limit", "Sort")
    limited = (node("Limit", 50), node("Sort", 100_000, depth=1))
    assert fill_ratio(words, limited, MEMORY) < 0.01
    between = (node("Limit", 50), node("Aggregate", 90_000, depth=1), node("Sort", 9e4, depth=2))
    assert fill_ratio(("Limit", "Aggregate sorted", "Sort"), between, MEMORY) > 1


def test_hash_tables_may_take_more() -> None:
    sort = fill_ratio(("Sort",), (node("Sort", 20_000),), MEMORY)
    table = fill_ratio(("Hash",), (node("Hash", 20_000),), MEMORY)
    groups = fill_ratio(("Aggregate hashed",), (node("Aggregate", 20_000),), MEMORY)
    assert 0 < table < sort
    assert 0 < groups < sort


def test_of_a_hash_joins_memory_a_fiftieth_is_kept_back() -> None:
    kept = 34_000 * (16 + 16 + 24) + 8 * 65_536
    assert fill_ratio(("Hash",), (node("Hash", 34_000),), WorkMemory(1, kept)) > 1
    assert fill_ratio(("Hash",), (node("Hash", 34_000),), WorkMemory(1, kept / 0.97)) < 1


def test_what_keeps_no_rows_fills_nothing() -> None:
    words = ("Aggregate sorted", "Seq Scan raw.orders")
    nodes = (node("Aggregate", 1e6), node("Seq Scan", 1e9, depth=1))
    assert fill_ratio(words, nodes, MEMORY) == 0
    assert fill_ratio((), (), MEMORY) == 0
