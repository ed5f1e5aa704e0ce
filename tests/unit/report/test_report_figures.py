"""Figures and charts: sensible digits, units, and shapes that say what the numbers say."""

import re

import pytest

from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.lineage import Consumer, LineageGraph, LineageNode, RelationEdge
from dbt_schema_evolve.records.trials import SpeedComparison
from dbt_schema_evolve.report.charts import forecast_range, paired_bars, tone
from dbt_schema_evolve.report.figures import count, duration, percent, signed, size, speedup
from dbt_schema_evolve.report.lineage_chart import draw, layers
from tests.unit.report.sample import NOW, SPEEDS, graph


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 µs"), (640, "640 µs"), (999.6, "1000 µs"), (12_400, "12.4 ms"), (999_499, "999 ms"),
        (999_500, "1 s"), (3_210_000, "3.21 s"), (59_940_000, "59.9 s"), (59_960_000, "1 min 0 s"),
        (250_400_000, "4 min 10 s"), (7_500_000_000, "2 h 5 min"), (-8_000_000, "−8 s"),
    ],
)  # fmt: skip
def test_durations_carry_three_digits(us: float, text: str) -> None:
    assert duration(us) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (35_000_000, "35 MB"), (214_400_000, "214 MB"),
     (999_600_000, "1 GB"), (1_234_000_000_000, "1.23 TB"), (-35_000_000, "−35 MB")],
)  # fmt: skip
def test_sizes_are_decimal(number: int, text: str) -> None:
    assert size(number) == text


def test_ratios_say_which_way() -> None:
    assert speedup(6.1) == "6.1x faster"
    assert speedup(0.8) == "1.25x slower"
    assert speedup(1.004) == "as fast"
    assert percent(0.384) == "38.4 %"
    assert signed(5, "5 B") == "+5 B"
    assert signed(0, "0 B") == "0 B"


def test_nouns_agree_with_their_number() -> None:
    assert [count(1, "query"), count(2, "query"), count(14, "day"), count(1_204, "edge")] == [
        "1 query", "2 queries", "14 days", "1,204 edges",
    ]  # fmt: skip


def widths(svg: str) -> dict[str, float]:
    return {
        kind: float(width)
        for kind, width in re.findall(r'class="(\w+)" x="0" y="\d+" width="([\d.]+)"', svg)
    }


def test_bars_are_as_long_as_the_times_they_show() -> None:
    faster = widths(str(paired_bars(SPEEDS[0])))
    assert faster["faster"] / faster["before"] == pytest.approx(0.164, abs=0.01)
    slower = widths(str(paired_bars(SPEEDS[2])))
    assert slower["slower"] / slower["before"] == pytest.approx(1.248, abs=0.01)


def test_only_an_interval_on_one_side_of_one_has_a_colour() -> None:
    assert [tone(speed) for speed in SPEEDS] == ["faster", "level", "slower"]


def test_a_huge_slowdown_stays_on_the_chart() -> None:
    svg = str(paired_bars(SpeedComparison("q", 1, 1.0, 900.0, 900.0, 800.0, 1000.0)))
    assert max(float(number) for number in re.findall(r"[\d.]+", svg.split("<rect", 1)[1])) <= 240


def test_a_forecast_s_marks_stand_in_order() -> None:
    forecast = Forecast("q", NOW, 14.0, 100.0, 200.0, 150.0, 300.0, 0.9, "c", "r")
    svg = str(forecast_range(forecast, 3.0))
    now = float(re.search(r'class="now" d="M([\d.]+)', svg)[1])
    low, high = re.search(r'class="span" d="M([\d.]+) 8H([\d.]+)', svg).groups()
    point = float(re.search(r'cx="([\d.]+)"', svg)[1])
    assert now < float(low) < point < float(high) <= 236


def names(drawn: LineageGraph) -> list[list[str]]:
    return [[vertex.name for vertex in layer] for layer in layers(drawn)]


def test_layers_run_from_sources_to_consumers() -> None:
    assert names(graph()) == [
        ["raw.events", "raw.orders"], ["stg_events", "stg_orders"], ["fct_orders"], ["Sales"],
    ]  # fmt: skip


def test_a_consumer_comes_last_even_when_it_reads_a_source() -> None:
    nodes = tuple(LineageNode(name, "model", name) for name in "abc")
    edges = (RelationEdge("a", "b"), RelationEdge("b", "c"))
    reader = Consumer("x", "role", "x", reads=frozenset({"a"}))
    assert names(LineageGraph(nodes, edges, (), consumers=(reader,)))[-1] == ["x"]


def test_a_cycle_and_a_dangling_edge_do_not_stop_the_drawing() -> None:
    nodes = tuple(LineageNode(name, "model", name) for name in "abc")
    edges = (RelationEdge("a", "b"), RelationEdge("b", "a"), RelationEdge("b", "gone"))
    drawn = LineageGraph(nodes, edges, ())
    assert sorted(name for layer in names(drawn) for name in layer) == ["a", "b", "c"]
    assert draw(drawn, frozenset({"a"})).count("marked") == 1
