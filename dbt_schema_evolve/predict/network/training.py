"""Examples -> a network: the same seed and examples give the same weights."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from dbt_schema_evolve.predict.network.horizons import HORIZONS, LEVELS
from dbt_schema_evolve.predict.network.model import Answers, RecurrentNetwork, tensors_of
from dbt_schema_evolve.predict.network.series import read_series
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Case

_BATCH = 256
_RATE, _FINE_RATE = 2e-3, 3e-4  # from scratch; from weights that know other warehouses
_WEIGHT_DECAY = 1e-3
_MOST_EPOCHS = 40
_PATIENCE = 6  # epochs without a better score on the calibration groups
_STEEPEST = 1.0  # longest step of a gradient: one wild batch does not undo an epoch
_QUANTILES = 2.0  # how much the quantiles' loss counts beside that of the alarm


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far a training is."""

    number: int  # from 1
    most: int
    loss: float  # on the calibration groups
    best: float  # so far


@dataclass(frozen=True, slots=True)
class _Set:
    """Examples as tensors; what is not known of an outcome is nan."""

    inputs: tuple[Tensor, Tensor, Tensor]
    degraded: Tensor  # (examples,)
    log_ratios: Tensor  # (examples, horizons)

    def __len__(self) -> int:
        return len(self.degraded)

    def at(self, places: Tensor) -> "_Set":
        steps, lengths, statics = self.inputs
        return _Set(
            (steps[places], lengths[places], statics[places]),
            self.degraded[places],
            self.log_ratios[places],
        )


def train(
    examples: Iterable[Example],
    calibration: Iterable[Example],
    seed: int,
    start: RecurrentNetwork | None = None,
    progress: Callable[[Epoch], None] = lambda _: None,
) -> RecurrentNetwork:
    """Return the network of the epoch that answers best for the calibration examples.

    Those are of other groups than the examples, or the network learns its warehouses by heart. Of
    both only arrays are kept. With `start`, its weights and its scales are corrected, carefully.
    """
    learned, judged = _collect(examples), _collect(calibration)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in another order are other weights
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = deepcopy(start) if start is not None else _scaled(learned)
            rate = _RATE if start is None else _FINE_RATE
            if len(learned) and len(judged):
                _fit(network, learned, judged, rate, progress)
    finally:
        torch.set_num_threads(threads)
    network.eval()
    return network


def _collect(examples: Iterable[Example]) -> _Set:
    degraded: list[float] = []
    log_ratios: list[list[float]] = []

    def cases() -> Iterator[Case]:
        for example in examples:
            answer, ratios = _targets(example.outcome)
            degraded.append(answer)
            log_ratios.append(ratios)
            yield example.case

    inputs = tensors_of(read_series(cases()))
    return _Set(inputs, torch.tensor(degraded), torch.tensor(log_ratios).reshape(-1, len(HORIZONS)))


def _targets(outcome: Outcome) -> tuple[float, list[float]]:
    nan = float("nan")
    answer = nan if outcome.degraded is None else float(outcome.degraded)
    return answer, [outcome.log_ratios.get(days, nan) for days in HORIZONS]


def _scaled(learned: _Set) -> RecurrentNetwork:
    network = RecurrentNetwork()
    steps, lengths, statics = learned.inputs
    if len(learned):
        held = torch.arange(steps.shape[1]) < lengths[:, None]
        network.steps.fit(steps[held])
        network.statics.fit(statics)
    return network


def _fit(
    network: RecurrentNetwork,
    learned: _Set,
    judged: _Set,
    rate: float,
    progress: Callable[[Epoch], None],
) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=_WEIGHT_DECAY)
    best, kept, waited = _judge(network, judged), deepcopy(network.state_dict()), 0
    for number in range(1, _MOST_EPOCHS + 1):
        network.train()
        for places in torch.split(torch.randperm(len(learned)), _BATCH):
            batch = learned.at(places)
            optimizer.zero_grad()
            _loss(network(*batch.inputs), batch).backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(network.parameters(), _STEEPEST)
            optimizer.step()
        loss = _judge(network, judged)
        if loss < best:
            best, kept, waited = loss, deepcopy(network.state_dict()), 0
        else:
            waited += 1
        progress(Epoch(number, _MOST_EPOCHS, loss, best))
        if waited >= _PATIENCE:
            break
    network.load_state_dict(kept)


def _judge(network: RecurrentNetwork, judged: _Set) -> float:
    """Return the loss over a whole set, weighted by how many examples each part of it has."""
    network.eval()
    with torch.no_grad():
        parts = [judged.at(places) for places in torch.split(torch.arange(len(judged)), 4096)]
        losses = [float(_loss(network(*part.inputs), part)) * len(part) for part in parts]
    return sum(losses) / len(judged)


def _loss(answers: Answers, asked: _Set) -> Tensor:
    """Return cross-entropy of the alarm and pinball loss of the quantiles, where known."""
    scored = ~asked.degraded.isnan()
    alarm = functional.binary_cross_entropy_with_logits(
        answers.logits[scored], asked.degraded[scored], reduction="sum"
    ) / scored.sum().clamp(min=1)
    seen = ~asked.log_ratios.isnan()
    off = asked.log_ratios[seen][:, None] - answers.log_ratios[seen]
    levels = torch.tensor(LEVELS)
    pinball = torch.maximum(levels * off, (levels - 1) * off).sum() / seen.sum().clamp(min=1)
    return alarm + _QUANTILES * pinball
