"""The network: a recurrent layer over the steps, and a head that also sees what is known once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dbt_schema_evolve.predict.network.horizons import HORIZONS, LEVELS
from dbt_schema_evolve.predict.network.series import CHANNELS, STATICS, Series

HIDDEN = 48
_HEAD = 64
_DROPOUT = 0.1
_WIDEST = 5.0  # standard deviations: an input further out says no more than one there


@dataclass(frozen=True, slots=True)
class Answers:
    """What the network says of a batch of cases."""

    logits: Tensor  # (cases,): log-odds of a degradation
    log_ratios: Tensor  # (cases, horizons, levels): time at the horizon over today's level


class RecurrentNetwork(nn.Module):
    """Reads growth that has not arrived yet from two series side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = Scaling(len(CHANNELS))
        self.statics = Scaling(len(STATICS))
        self.recurrent = nn.GRU(2 * len(CHANNELS), HIDDEN, batch_first=True)
        self.head = nn.Sequential(
            nn.Linear(HIDDEN + 2 * len(STATICS), _HEAD),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HEAD, 1 + len(HORIZONS) * len(LEVELS)),
        )

    def forward(self, steps: Tensor, lengths: Tensor, statics: Tensor) -> Answers:
        """Take the arrays of a Series as tensors."""
        # The layer reads forwards, so what pads a series behind its end cannot reach its last step.
        states, _ = self.recurrent(self.steps(steps))
        last = states[torch.arange(len(lengths)), lengths - 1]
        out = self.head(torch.cat([last, self.statics(statics)], dim=1))
        low, middle, high = out[:, 1:].unflatten(1, (len(HORIZONS), len(LEVELS))).unbind(2)
        # Distances from the middle, so that no quantile can cross another.
        below, above = nn.functional.softplus(low), nn.functional.softplus(high)
        return Answers(out[:, 0], torch.stack([middle - below, middle, middle + above], dim=2))


class Scaling(nn.Module):
    """Centres and scales numbers by what the training set holds; leaves the unknown at 0."""

    mean: Tensor
    scale: Tensor

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("scale", torch.ones(numbers))

    def fit(self, pairs: Tensor) -> None:
        """Learn from pairs of any shape whose last axis is numbers, then whether each is known."""
        values, known = pairs.flatten(0, -2).double().chunk(2, dim=1)
        count = known.sum(0).clamp(min=1.0)
        mean = (values * known).sum(0) / count
        variance = ((values - mean).square() * known).sum(0) / count
        self.mean.copy_(mean)
        # What never varies stays 0 instead of being blown up.
        self.scale.copy_(torch.where(variance > 1e-8, variance.sqrt(), torch.ones_like(mean)))

    def forward(self, pairs: Tensor) -> Tensor:
        """Scale what is known."""
        values, known = pairs.chunk(2, dim=-1)
        scaled = ((values - self.mean) / self.scale).clamp(-_WIDEST, _WIDEST) * known
        return torch.cat([scaled, known], dim=-1)


def ask(network: RecurrentNetwork, series: Series, batch: int = 4096) -> Answers:
    """Answer for many cases; batches bound the memory."""
    tensors = tensors_of(series)
    found = []
    network.eval()
    with torch.no_grad():
        for start in range(0, len(series.lengths), batch):
            found.append(network(*(each[start : start + batch] for each in tensors)))
    if not found:
        return Answers(torch.zeros(0), torch.zeros(0, len(HORIZONS), len(LEVELS)))
    return Answers(
        torch.cat([each.logits for each in found]), torch.cat([each.log_ratios for each in found])
    )


def tensors_of(series: Series) -> tuple[Tensor, Tensor, Tensor]:
    """Return the arrays as tensors, in the order in which the network takes them."""
    return (
        torch.from_numpy(series.steps),
        torch.from_numpy(series.lengths),
        torch.from_numpy(series.statics),
    )
