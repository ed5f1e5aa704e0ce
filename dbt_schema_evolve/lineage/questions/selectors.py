"""dbt's node selection: `tag:nightly,+fct_orders 2+exposure:board` on a manifest.

A selector is a union of intersections of criteria. A criterion is a method and a value, with `+`
for what it is made from or what is made from it, to a depth if a number is given, or with `@` for
that and all that its children are made from.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.selector_methods import Selectable, method
from dbt_schema_evolve.records.project import Project

_CRITERION = re.compile(
    r"(?P<at>@)?((?P<above>\d{0,9})\+)?((?P<method>[\w.]+):)?(?P<value>.*?)(\+(?P<below>\d{0,9}))?",
    re.DOTALL,
)


class Selection:
    """One project's nodes, sources and exposures, for any number of selectors."""

    def __init__(self, project: Project) -> None:
        self._project = project
        everything: tuple[Selectable, ...] = (*project.nodes, *project.sources, *project.exposures)
        self._all = {each.unique_id: each for each in everything}

    @cached_property
    def _parents(self) -> Mapping[str, list[str]]:
        return {
            key: [parent for parent in each.depends_on if parent in self._all]
            for key, each in self._all.items()
        }

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        children: dict[str, list[str]] = {key: [] for key in self._all}
        for child, parents in self._parents.items():
            for parent in parents:
                children[parent].append(child)
        return children

    def select(self, selector: str) -> frozenset[str]:
        """Return the unique ids that a selector means, tests among them.

        Raises ProjectError for a method that is not known, or that needs more than a manifest.
        """
        found: set[str] = set()
        for part in selector.split():
            meant = [self._criterion(text) for text in part.split(",")]
            found |= set.intersection(*meant)
        return frozenset(found)

    def _criterion(self, text: str) -> set[str]:
        match = _CRITERION.fullmatch(text)
        if match is None or not match["value"]:
            raise ProjectError(
                f"{text!r} is no selector", remedy="write for example +fct_orders or tag:nightly"
            )
        if match["at"] and match["below"] is not None:
            raise ProjectError(
                f"{text!r} has both @ and a + behind it",
                remedy="@ already means all children, and what they are made from",
            )
        is_meant = method(match["method"], match["value"], self._project.name)
        found = {key for key, each in self._all.items() if is_meant(each, match["value"])}
        more: set[str] = set()
        if match["at"]:
            family = found | _reached(found, self._children, None)
            more |= family | _reached(family, self._parents, None)
        if match["above"] is not None:
            more |= _reached(found, self._parents, _depth(match["above"]))
        if match["below"] is not None:
            more |= _reached(found, self._children, _depth(match["below"]))
        return found | more


def _depth(digits: str) -> int | None:
    return int(digits) if digits else None


def _reached(
    starts: Iterable[str], neighbours: Mapping[str, list[str]], depth: int | None
) -> set[str]:
    """Return what is `depth` edges away or nearer; starts only where another one leads to them."""
    found: set[str] = set()
    front = set(starts)
    while front and (depth is None or depth > 0):
        front = {other for key in front for other in neighbours[key]} - found
        found |= front
        depth = None if depth is None else depth - 1
    return found
