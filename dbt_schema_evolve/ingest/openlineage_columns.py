"""The column lineage facet of OpenLineage, in its old form and in its new one."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from dbt_schema_evolve.records.etl import DirectInput, DirectKind, IndirectInput, Named
from dbt_schema_evolve.records.lineage import IndirectKind

_MANY = msgspec.Meta(max_length=10_000)
_DESCRIPTION = 2_000  # characters of an expression

_INDIRECT = {
    "FILTER": IndirectKind.FILTER,
    "JOIN": IndirectKind.JOIN,
    "GROUP_BY": IndirectKind.GROUP,
    "SORT": IndirectKind.ORDER,
    "WINDOW": IndirectKind.WINDOW,
}
# The condition of a CASE decides about one column's values and about no rows: we call it direct.
_CONDITIONAL = "CONDITIONAL"
_STRENGTH = tuple(DirectKind)


class _Transformation(msgspec.Struct):
    type: str
    subtype: str | None = None
    description: str | None = None


class InputField(msgspec.Struct):
    """A column of an input."""

    namespace: str
    name: str
    field: str
    transformations: Annotated[list[_Transformation], _MANY] | None = None


class _Column(msgspec.Struct):
    inputFields: Annotated[list[InputField], _MANY] | None = None  # noqa: N815
    transformationType: str | None = None  # noqa: N815 - before version 1.1 of the facet
    transformationDescription: str | None = None  # noqa: N815


class ColumnLineage(msgspec.Struct):
    """The facet."""

    fields: Annotated[dict[str, _Column], _MANY] | None = None
    dataset: Annotated[list[InputField], _MANY] | None = None


def direct(column: _Column) -> tuple[DirectInput, ...]:
    """Return the inputs whose values reach the column, each with the most that happens to it."""
    found: dict[tuple[Named, str], DirectInput] = {}
    for each in column.inputFields or ():
        for kind, description in _steps(each, column):
            given = DirectInput(
                Named(each.namespace, each.name), each.field, kind, description[:_DESCRIPTION]
            )
            known = found.get((given.dataset, given.column))
            if known is None or _STRENGTH.index(known.kind) < _STRENGTH.index(kind):
                found[given.dataset, given.column] = given
    return tuple(sorted(found.values()))


def indirect(fields: Iterable[InputField]) -> tuple[IndirectInput, ...]:
    """Return the inputs that decide about rows."""
    found = {
        IndirectInput(Named(each.namespace, each.name), each.field, kind)
        for each in fields
        for step in each.transformations or ()
        if step.type.upper() == "INDIRECT"
        and (kind := _INDIRECT.get((step.subtype or "").upper())) is not None
    }
    return tuple(sorted(found))


def _steps(each: InputField, column: _Column) -> Iterator[tuple[DirectKind, str]]:
    if not each.transformations:
        yield _direct_kind(column.transformationType), column.transformationDescription or ""
    for step in each.transformations or ():
        if step.type.upper() == "DIRECT":
            yield _direct_kind(step.subtype), step.description or ""
        elif (step.subtype or "").upper() == _CONDITIONAL:
            yield DirectKind.TRANSFORMATION, step.description or ""


def _direct_kind(subtype: str | None) -> DirectKind:
    said = (subtype or "").upper()
    if said == "MASKED":  # the old facet's word for values that cannot be read any more
        return DirectKind.TRANSFORMATION
    return DirectKind(said) if said in set(DirectKind) else DirectKind.UNSAID
