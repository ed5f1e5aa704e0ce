"""What is taken away to see what it was worth: lineage, a regime, a history."""

from collections.abc import Callable

from benchmarks.degradation.examples import KEPT, SAID
from benchmarks.degradation.oracle import PREFIX

Wanted = Callable[[str], bool]

_LINEAGE = (
    "driver",
    "exponent",
    "residual",
    "upstream",
    "outlook",
    "flow",
    "relation",
    "projected",
)
"""How names of features begin that nobody could know without lineage: which rows reach a subject,
how it follows them, and what the planner says of it at their forecast sizes."""


def feature(name: str) -> bool:
    """Whether a column is what the product's predictors see."""
    return not name.startswith((PREFIX, SAID, KEPT))


def with_the_future(name: str) -> bool:
    """Whether a column is what the oracle sees."""
    return feature(name) or name.startswith(PREFIX)


def without_lineage(name: str) -> bool:
    """Whether a column is a subject's own, and known without the graph."""
    return feature(name) and not name.startswith(_LINEAGE)
