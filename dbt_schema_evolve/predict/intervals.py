"""How wide an interval has to be."""

from dataclasses import dataclass
from math import exp

COVERAGE = 0.9
Z = 1.6449  # standard normal, two-sided 90 %
MAD_TO_SIGMA = 1.4826  # of normal noise
_MOST = 50.0  # of a logarithm: beyond it a forecast is not a number that anybody can use


@dataclass(frozen=True, slots=True)
class Interval:
    """A central value with its bounds, in microseconds."""

    middle_us: float
    low_us: float
    high_us: float


def interval(log_us: float, stderr: float, points: int) -> Interval:
    """Return the 90 % interval of a time whose logarithm is known with an error."""
    reach = student(points - 2) * stderr
    return Interval(_exp(log_us), _exp(log_us - reach), _exp(log_us + reach))


def student(freedom: int) -> float:
    """Return Student's two-sided 90 % quantile; few points make wide intervals.

    Abramowitz and Stegun, 26.7.5: within 2 % from 3 degrees of freedom on.
    """
    n = max(freedom, 2)
    z = Z
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)


def _exp(value: float) -> float:
    return exp(max(-_MOST, min(_MOST, value)))
