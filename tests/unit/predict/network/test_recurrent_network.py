"""The network: reads what own series cannot show, the same each time, and loads nothing strange."""

from dataclasses import replace
from functools import cache
from itertools import product
from math import isfinite, nan
from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import Bundle, Part, read_bundle, write_bundle
from dbt_schema_evolve.predict.network.horizons import HORIZONS, at_horizon
from dbt_schema_evolve.predict.network.model import RecurrentNetwork, ask
from dbt_schema_evolve.predict.network.predictor import NetworkPredictor
from dbt_schema_evolve.predict.network.series import FEATURES, STEPS, Series, read_series
from dbt_schema_evolve.predict.network.training import Epoch, train
from dbt_schema_evolve.predict.network.weights import network_of, part_of
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Case, Forecast, Observation
from dbt_schema_evolve.records.workload import Skip
from tests.fakes.foresight import weekly_marts, without_upstream

LEARNED, CALIBRATION, UNSEEN = range(40), range(40, 52), range(52, 72)


@cache
def trained() -> RecurrentNetwork:
    return train(weekly_marts(LEARNED), weekly_marts(CALIBRATION), seed=1)


def still_flat(examples: list[Example]) -> list[Example]:
    """Those that are scored, and whose driver has kept its size: own series say nothing."""
    return [
        each
        for each in examples
        if each.outcome.degraded is not None
        and max(rows := each.case.driver.rows[-14:]) < 1.1 * min(rows)
    ]


def share_in_order(network: RecurrentNetwork, examples: list[Example]) -> float:
    """Of all pairs, one that degrades and one that does not, how often the alarm tells them."""
    logits = ask(network, read_series(each.case for each in examples)).logits.tolist()
    said = list(zip(logits, (each.outcome.degraded for each in examples), strict=True))
    pairs = list(
        product(
            [x for x, degraded in said if degraded], [x for x, degraded in said if not degraded]
        )
    )
    assert len(pairs) > 1_000
    return sum(high > low for high, low in pairs) / len(pairs)


def test_growth_that_has_not_arrived_is_seen_upstream() -> None:
    unseen = still_flat(list(weekly_marts(UNSEEN)))
    assert share_in_order(trained(), unseen) > 0.97


def test_the_own_series_alone_cannot_show_it() -> None:
    blind = train(
        without_upstream(weekly_marts(LEARNED)), without_upstream(weekly_marts(CALIBRATION)), seed=1
    )
    unseen = still_flat(list(without_upstream(weekly_marts(UNSEEN))))
    assert 0.3 < share_in_order(blind, unseen) < 0.7


def test_the_same_seed_gives_the_same_weights_whatever_chance_did_before() -> None:
    few = list(weekly_marts(range(4)))
    torch.manual_seed(7)
    first = train(few, few[:20], seed=3)
    torch.manual_seed(8)
    assert weights(train(iter(few), iter(few[:20]), seed=3)) == weights(first)
    assert weights(train(few, few[:20], seed=4)) != weights(first)


def test_training_leaves_chance_and_threads_as_they_were() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    few = list(weekly_marts(range(2)))
    train(few, few, seed=3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_training_says_how_far_it_is_and_keeps_its_best_epoch() -> None:
    epochs: list[Epoch] = []
    few = list(weekly_marts(range(6)))
    train(few, weekly_marts(range(6, 9)), seed=3, progress=epochs.append)
    assert [each.number for each in epochs] == list(range(1, len(epochs) + 1))
    assert [each.best for each in epochs] == sorted((e.best for e in epochs), reverse=True)


def test_weights_that_know_other_warehouses_are_corrected_not_replaced() -> None:
    before = share_in_order(trained(), still_flat(list(weekly_marts(UNSEEN))))
    noisy, noisy_too = (
        weekly_marts(range(80, 88), noise=0.6),
        weekly_marts(range(88, 92), noise=0.6),
    )
    corrected = train(noisy, noisy_too, seed=1, start=trained())
    assert weights(corrected) != weights(trained())
    assert share_in_order(corrected, still_flat(list(weekly_marts(UNSEEN)))) > before - 0.05


def test_nothing_to_learn_from_is_no_error() -> None:
    network = train([], [], seed=1)
    assert isfinite(float(ask(network, read_series(a_case() for _ in range(2))).logits.sum()))


def test_what_lies_in_the_padding_changes_nothing() -> None:
    short = replace(a_case(), observations=a_case().observations[:9])
    series = read_series([short])
    assert series.lengths.tolist() == [9]
    shuffled = series.steps.copy()
    shuffled[:, 9:] = np.random.default_rng(1).normal(size=shuffled[:, 9:].shape)
    other = Series(shuffled, series.lengths, series.statics)
    assert torch.equal(ask(trained(), series).logits, ask(trained(), other).logits)


def test_company_changes_no_answer() -> None:
    cases = [each.case for each in weekly_marts([52, 53])]
    together = ask(trained(), read_series(cases)).logits
    alone = torch.cat([ask(trained(), read_series([case])).logits for case in cases])
    assert torch.allclose(together, alone, atol=1e-5)


def test_forecasts_have_a_chance_an_interval_and_the_level_of_today() -> None:
    case = a_case()
    (forecast,) = NetworkPredictor(trained()).predict([case], 7.0)
    assert isinstance(forecast, Forecast)
    assert 0 < forecast.predicted_probability < 1
    assert forecast.predicted_low_us < forecast.predicted_us < forecast.predicted_high_us
    recent = sorted(each.mean_us for each in case.observations[-7:])
    assert forecast.measured_us == pytest.approx(recent[3])


def test_a_history_that_is_too_short_has_no_forecast_and_costs_no_other_one() -> None:
    short = replace(a_case(), subject="new", observations=a_case().observations[:2])
    answers = NetworkPredictor(trained()).predict([short, a_case(), short], 7.0)
    assert [type(each) for each in answers] == [Skip, Forecast, Skip]


def test_a_course_holds_what_forecasts_say_at_each_horizon() -> None:
    short = replace(a_case(), subject="new", observations=a_case().observations[:2])
    network, asked, horizons = NetworkPredictor(trained()), [a_case(), short], (1.0, 10.0, 90.0)
    assert network.courses(asked, horizons) == Predictor.courses(network, asked, horizons)


wild = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(wild, wild, wild, wild), min_size=4, max_size=40), wild)
def test_no_number_makes_it_raise(numbers: list[tuple[float, ...]], horizon: float) -> None:
    case = a_case()
    seen = [
        Observation(each.at, 1, *row) for each, row in zip(case.observations, numbers, strict=False)
    ]
    rows = tuple(row[3] for row in numbers[: len(seen)])
    strange = replace(
        case,
        observations=tuple(seen),
        driver=replace(case.driver, rows=rows),
        upstream=tuple(replace(each, rows=rows, influence=rows[0]) for each in case.upstream),
        features=replace(case.features, values=(("exponent", rows[0]),)),
    )
    series = read_series([strange])
    assert np.isfinite(series.steps).all()
    assert np.isfinite(series.statics).all()
    (answer,) = NetworkPredictor(trained()).predict([strange], horizon)
    if isinstance(answer, Forecast):
        assert all(map(isfinite, (answer.predicted_low_us, answer.predicted_high_us)))
        assert 0 <= answer.predicted_probability <= 1


def test_rows_that_nobody_counted_are_unknown_not_none() -> None:
    known = read_series([a_case()]).steps
    unknown = read_series([replace(a_case(), driver=None, upstream=())]).steps
    assert known[0, :5].any()
    assert not (unknown[0] * (known[0] == 0)).any()
    assert unknown.any()


def test_every_feature_that_it_reads_is_one_that_cases_have() -> None:
    page = (Path(__file__).parents[4] / "docs" / "features.md").read_text(encoding="utf-8")
    assert [name for name in FEATURES if f"`{name}`" not in page] == []


def weights(network: RecurrentNetwork) -> bytes:
    (data,) = part_of(network).files.values()
    return data


def bundle_of(data: bytes) -> Bundle:
    return Bundle({"network": Part({"network.safetensors": data}, {})}, "a simulation", 1, 1)


def test_a_bundle_gives_back_the_same_network() -> None:
    written = write_bundle(Bundle({"network": part_of(trained())}, "a simulation", 1, 1))
    answers = [
        predictor.predict([a_case()], 7.0)
        for predictor in (
            NetworkPredictor(trained()), NetworkPredictor.of(read_bundle(written, "here"))
        )
    ]  # fmt: skip
    assert answers[0] == answers[1]


def test_a_bundle_whose_weights_were_changed_is_refused() -> None:
    written = write_bundle(bundle_of(weights(trained())))
    tampered = bytearray(written["network.safetensors"])
    tampered[-1] ^= 1
    with pytest.raises(PredictorError, match="was changed"):
        read_bundle(written | {"network.safetensors": bytes(tampered)}, "here")


def test_weights_of_other_inputs_are_refused() -> None:
    data = weights(trained())
    for strange in (
        data.replace(b"temp_share", b"temp_shard"),
        data[:-40],
        b"",
        b"\x80\x04 not ours",
        b"\xff" * 16,
    ):
        assert strange != data
        with pytest.raises(PredictorError) as refused:
            NetworkPredictor.of(bundle_of(strange), "model.zip")
        assert refused.value.at == "model.zip"


def test_weights_that_are_no_numbers_are_refused() -> None:
    broken = network_of(bundle_of(weights(trained())))
    with torch.no_grad():
        broken.head[0].bias[0] = nan
    with pytest.raises(PredictorError, match="numbers that are none"):
        network_of(bundle_of(weights(broken)))


def test_a_bundle_without_a_network_has_none() -> None:
    with pytest.raises(PredictorError):
        NetworkPredictor.of(Bundle({}, "a simulation", 1, 1))


tables = st.lists(
    st.tuples(*[st.floats(-3, 3)] * 3).map(lambda row: tuple(sorted(row))),
    min_size=len(HORIZONS),
    max_size=len(HORIZONS),
)


@given(tables, st.floats(0.1, 400))
def test_quantiles_keep_their_order_on_every_day(
    table: list[tuple[float, ...]], days: float
) -> None:
    low, middle, high = at_horizon(days, table)
    assert low <= middle <= high


def test_on_its_own_days_the_network_is_quoted() -> None:
    table = [(day - 0.1, float(day), day + 0.1) for day in HORIZONS]
    assert [at_horizon(float(day), table)[1] for day in HORIZONS] == [float(d) for d in HORIZONS]


def a_case() -> Case:
    return next(
        each.case for each in weekly_marts([53]) if len(each.case.observations) == STEPS + 8
    )
