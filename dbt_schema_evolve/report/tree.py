"""Edges as a tree of lines, in which nothing is spelled out twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from dbt_schema_evolve.records.answers import Hop, Place


def tree(
    roots: Sequence[Place],
    branches: Mapping[Place, Sequence[tuple[Place, Hop]]],
    label: Callable[[Place, Hop | None], str],
) -> Iterator[str]:
    """Yield one line a place; one that was met before is marked, and its branches left out.

    It keeps its own stack: chains of dbt models may be longer than Python's.
    """
    met: set[Place] = set()
    stack: list[tuple[Place, Hop | None, str, str]] = [
        (root, None, "", "") for root in reversed(roots)
    ]
    while stack:
        place, hop, first, rest = stack.pop()
        below = branches.get(place, ())
        again = place in met
        yield f"{first}{label(place, hop)}{' (see above)' if again and below else ''}"
        if again:
            continue
        met.add(place)
        for number, (other, edge) in enumerate(reversed(below)):
            bend, line = ("└─ ", "   ") if number == 0 else ("├─ ", "│  ")
            stack.append((other, edge, rest + bend, rest + line))
