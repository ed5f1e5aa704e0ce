"""Where a person changes a column's type: the line of the model, and what goes with it."""

import re
from collections.abc import Collection, Mapping

from dbt_schema_evolve.records.changes import ColumnTypeSpec
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import quoted

_INTEGER = r"(?:smallint|int2|integer|int4|int|bigint|int8)"


def where_to_cast(
    node: Node, spec: ColumnTypeSpec, sampled: Collection[str], summed: Collection[str]
) -> str:
    """Say where to make columns smaller, and what to look at first.

    Of `sampled` ones nobody has seen every value; of `summed` ones a sum would have another type.
    """
    casts = ", ".join(_cast(node, column, kind) for column, kind in spec.types)
    steps = [f"in {node.path} cast {casts}", *_besides(node)]
    if sampled:
        # A cast that fails takes the build with it.
        ends = ", ".join(f"max(abs({quoted(column)}))" for column in sampled)
        steps.insert(0, f"samples can miss a value, so look at {ends} of {spec.relation.sql} first")
    if summed:
        # Of bigint a sum is numeric, of the smaller types bigint, which divides without a rest.
        steps.append(f"look at what is divided where {' or '.join(summed)} is summed up")
    return "; ".join(steps)


def where_to_widen(node: Node, spec: ColumnTypeSpec) -> str:
    """Say where to make columns larger: mostly upstream, and in casts on the way."""
    found = [
        f"{column} in line {line}" for column, _ in spec.types if (line := _line(node, column))
    ]
    casts = f" ({', '.join(found)})" if found else ""
    steps = [f"widen what it is made from first, then its casts in {node.path}{casts}"]
    return "; ".join([*steps, *_besides(node)])


def _cast(node: Node, column: str, kind: str) -> str:
    line = _line(node, column)
    return f"{column} to {kind}{f' (line {line})' if line else ''}"


def _line(node: Node, column: str) -> int | None:
    """Return the one line that makes a column: the one that casts it, or else that names it."""
    name = re.escape(column)
    named, cast = rf'\bas\s+"?{name}"?\s*(?:,|$)', rf'"?\b{name}"?\s*::\s*{_INTEGER}\b'
    makes = re.compile(f"{named}|{cast}", re.IGNORECASE)
    lines = [line.partition("--")[0] for line in node.raw_code.splitlines()]
    found = [number for number, line in enumerate(lines, 1) if makes.search(line)]
    return found[0] if len(found) == 1 else None


def _besides(node: Node) -> list[str]:
    steps = []
    contract = node.config.get("contract")
    if isinstance(contract, Mapping) and contract.get("enforced"):
        steps.append(f"change data_type in its contract ({node.patch_path or 'its YAML'})")
    if node.materialized == "incremental":
        steps.append(f"build it with `dbt build --full-refresh --select {node.name}`")
    return steps
