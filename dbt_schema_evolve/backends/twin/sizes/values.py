"""How many bytes the columns of a row or of an index entry take side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 8  # of a whole row or entry
SHORT_BYTES = 127  # a value up to this size has a header of one byte and is not aligned


@dataclass(frozen=True, slots=True)
class ValueShape:
    """What one column's values take: their stored lengths, each with its share of the rows.

    The shares of a column with nulls add up to less than one.
    """

    lengths: tuple[tuple[int, float], ...]
    alignment: int
    packs: bool = False  # short values follow the one before without a gap

    @property
    def null_fraction(self) -> float:
        """The share of the rows without a value."""
        return max(0.0, 1 - sum(share for _, share in self.lengths))

    @property
    def mean_bytes(self) -> float:
        """Of a value that is there."""
        present = 1 - self.null_fraction
        return sum(n * share for n, share in self.lengths) / present if present else 0.0


def all_present(values: Sequence[ValueShape]) -> float:
    """Return the share of rows without any null, the columns taken as independent."""
    return math.prod(1 - value.null_fraction for value in values)


def aligned(size: float) -> float:
    """Return the next multiple of the alignment."""
    return max(0, math.ceil(size / ALIGNMENT)) * ALIGNMENT


def aligned_bytes(values: Sequence[ValueShape]) -> float:
    """Return the mean of the aligned sizes, which is not the aligned mean.

    Where a value ends decides on the gap before the next one, and only the last three bits of
    that matter: so it keeps how likely each of the eight places is.
    """
    total, ends = 0.0, [1.0] + [0.0] * (ALIGNMENT - 1)
    for value in values:
        after = [share * value.null_fraction for share in ends]
        for length, share in value.lengths:
            step = 1 if value.packs and length <= SHORT_BYTES else value.alignment
            for place, likely in enumerate(ends):
                taken = -place % step + length
                total += likely * share * taken
                after[(place + taken) % ALIGNMENT] += likely * share
        ends = after
    return total + sum(likely * (-place % ALIGNMENT) for place, likely in enumerate(ends))
