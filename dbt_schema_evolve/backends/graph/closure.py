"""Everything that can be reached, asked for one ring of neighbours after the other."""

from collections.abc import Callable, Collection, Iterable

Step = Callable[[Collection[str]], Iterable[str]]


def reached(neighbours: Step, start: str, depth: int | None) -> tuple[str, ...]:
    """Return the keys that steps from the start lead to, sorted.

    Asking ring by ring visits every vertex once, where a path query of a database may walk each of
    the many paths between two vertices.
    """
    found = {start}
    ring: Collection[str] = [start]
    while ring and depth != 0:
        ring = sorted(set(neighbours(ring)) - found)
        found.update(ring)
        depth = None if depth is None else depth - 1
    return tuple(sorted(found - {start}))
