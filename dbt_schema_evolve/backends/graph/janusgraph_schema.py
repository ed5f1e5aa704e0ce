"""The schema of the lineage graph in JanusGraph, which wants one before it is fast."""

from importlib import resources
from typing import Any

from dbt_schema_evolve.records.property_graph import (
    EDGE_PROPERTIES,
    VERTEX_PROPERTIES,
    EdgeLabel,
    VertexLabel,
    type_of,
)

_OURS = ("lineage_key", "lineage_part", "lineage_digest")
_UNIQUE = {"lineage_key": True, "lineage_part": False, "unique_id": False, "name": False}


def define_schema(client: Any) -> None:
    """Make what is missing of the schema by a script that the server runs; names are bindings."""
    script = resources.files(__package__).joinpath("janusgraph_schema.groovy").read_text("utf-8")
    client.submit(script, schema_bindings()).all().result()


def schema_bindings() -> dict[str, Any]:
    """Return what the script is about: every name that a graph can hold."""
    names = {name for names in VERTEX_PROPERTIES.values() for name in names}
    names |= {name for names in EDGE_PROPERTIES.values() for name in names}
    return {
        "propertyKeys": {name: type_of(name).__name__ for name in sorted({*names, *_OURS})},
        "vertexLabels": [label.value for label in VertexLabel],
        "edgeLabels": [label.value for label in EdgeLabel],
        "indexes": _UNIQUE,
    }
