"""Who learns, who sets thresholds and who is tested: whole projects, each regime in all parts."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

PARTS = 5


@dataclass(frozen=True, slots=True)
class Split:
    """Names of projects; none is in two parts."""

    training: frozenset[str]
    calibration: frozenset[str]
    test: frozenset[str]


def splits(regimes: Mapping[str, str], seed: int) -> tuple[Split, ...]:
    """Deal projects into five parts and let each be the test once, the next one calibration.

    `regimes` are by project. Each regime is dealt out on from where the last one ended, so that
    parts differ by one project of it, and by one project altogether.
    """
    of_regime = defaultdict(list)
    for name, regime in sorted(regimes.items()):
        of_regime[regime].append(name)
    rng = Random(seed)
    dealt = []
    for regime in sorted(of_regime):
        rng.shuffle(of_regime[regime])
        dealt += of_regime[regime]
    parts = [frozenset(dealt[number::PARTS]) for number in range(PARTS)]
    return tuple(
        Split(
            training=frozenset(dealt) - parts[number] - parts[(number + 1) % PARTS],
            calibration=parts[(number + 1) % PARTS],
            test=parts[number],
        )
        for number in range(PARTS)
    )
