"""Forecasts by the network: the only file of this folder that costs nothing to import."""

from collections.abc import Sequence
from importlib.util import find_spec
from math import exp, isfinite
from typing import TYPE_CHECKING, NamedTuple

from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.history import Level, level
from dbt_schema_evolve.predict.intervals import COVERAGE
from dbt_schema_evolve.predict.network.horizons import at_horizon, bounded
from dbt_schema_evolve.predict.protocol import Predictor, course
from dbt_schema_evolve.records.forecasts import Case, Course, Forecast
from dbt_schema_evolve.records.workload import Skip

if TYPE_CHECKING:
    from dbt_schema_evolve.predict.network.model import RecurrentNetwork


def available() -> bool:
    """Whether the extra `rnn` is installed."""
    return find_spec("torch") is not None and find_spec("safetensors") is not None


class NetworkPredictor(Predictor):
    """Asks a network for the chance of a degradation and for quantiles at a horizon."""

    def __init__(self, network: "RecurrentNetwork") -> None:
        self._network = network

    @classmethod
    def of(cls, bundle: Bundle, at: str = "") -> "NetworkPredictor":
        """Load a bundle's network; raises PredictorError where it has none of this version."""
        from dbt_schema_evolve.predict.network.weights import network_of  # noqa: PLC0415 - torch

        return cls(network_of(bundle, at))

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return the network's answers, or why a history does not carry one."""
        return tuple(
            said if isinstance(said, Skip) else _forecast(said, horizon_days)
            for said in self._said(cases, horizon_days)
        )

    def courses(
        self, cases: Sequence[Case], horizons_days: Sequence[float]
    ) -> tuple[Course | Skip, ...]:
        """Return the times of such forecasts: a series is read once for all horizons."""
        return tuple(
            said
            if isinstance(said, Skip)
            else course([_forecast(said, days) for days in horizons_days])
            for said in self._said(cases, min(horizons_days))
        )

    def _said(self, cases: Sequence[Case], horizon_days: float) -> list["_Said | Skip"]:
        from dbt_schema_evolve.predict.network.model import ask  # noqa: PLC0415 - torch
        from dbt_schema_evolve.predict.network.series import read_series  # noqa: PLC0415

        levels = [level(case, horizon_days) for case in cases]
        asked = [case for case, now in zip(cases, levels, strict=True) if isinstance(now, Level)]
        answers = ask(self._network, read_series(asked))
        said = iter(zip(answers.logits.tolist(), answers.log_ratios.tolist(), strict=True))
        return [
            _Said(case, now, *next(said)) if isinstance(now, Level) else now
            for case, now in zip(cases, levels, strict=True)
        ]


class _Said(NamedTuple):
    """What the network says of one case, for all horizons."""

    case: Case
    now: Level
    logit: float
    log_ratios: Sequence[Sequence[float]]


def _forecast(said: _Said, horizon_days: float) -> Forecast | Skip:
    case, now, logit, log_ratios = said
    low, middle, high = at_horizon(horizon_days, log_ratios)
    if not all(isfinite(number) for number in (logit, low, middle, high)):
        return Skip(case.subject, "the network finds no number for its history")
    low_us, middle_us, high_us = (exp(bounded(now.log_us + each)) for each in (low, middle, high))
    return Forecast(
        subject=case.subject,
        made_at=case.cutoff,
        horizon_days=horizon_days,
        measured_us=now.us,
        predicted_us=middle_us,
        predicted_low_us=low_us,
        predicted_high_us=high_us,
        coverage=COVERAGE,
        cause_id="",
        reason="by its own series and those of what it reads",
        predicted_probability=1 / (1 + exp(-bounded(logit))),
    )
