"""Small lineage graphs as Hypothesis strategies: few names, so that elements meet again."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    RelationEdge,
)
from dbt_schema_evolve.records.lineage_states import Commit, LineageState
from dbt_schema_evolve.records.relations import Column, RelationName

START = datetime(2026, 3, 1, tzinfo=UTC)
IDS = ("model.shop.a", "model.shop.b", "relation.raw.😀", "source.shop.raw.o")
NAMES = ("id", "Sélect", 'x"y')

_columns = st.lists(
    st.builds(
        Column, st.sampled_from(NAMES), st.sampled_from(["", "integer", "text"]), st.booleans()
    ),
    max_size=3,
    unique_by=lambda column: column.name,
).map(tuple)


def _node(name: str) -> st.SearchStrategy[LineageNode]:
    return st.builds(
        LineageNode,
        st.just(name),
        st.just(name.partition(".")[0]),
        st.just(name),
        st.sampled_from([None, RelationName("s", "r")]),
        _columns,
        st.booleans(),
        st.sampled_from(Detail),
        st.sampled_from(["table", "view"]),
        st.sampled_from(["", "0" * 16, "f" * 16]),
    )


@st.composite
def graphs(draw: st.DrawFn) -> LineageGraph:
    """A graph in the order in which `build_graph` leaves it."""
    nodes = [draw(_node(name)) for name in IDS if draw(st.booleans())]
    ids = [node.id for node in nodes]
    if not ids:
        return LineageGraph((), (), ())
    an_id, name = st.sampled_from(ids), st.sampled_from(NAMES)
    column_edges = draw(
        st.lists(
            st.builds(
                ColumnEdge, an_id, name, an_id, name, st.sampled_from(EdgeKind),
                st.sampled_from(["", "a +\n'\\'"]),
            ),
            max_size=4,
            unique_by=lambda e: (e.source, e.source_column, e.target, e.target_column),
        )
    )  # fmt: skip
    return LineageGraph(
        tuple(nodes),
        tuple(
            sorted(
                draw(st.sets(st.builds(RelationEdge, an_id, an_id), max_size=4)),
                key=lambda e: (e.target, e.source, e.origin),
            )
        ),
        tuple(
            sorted(
                column_edges,
                key=lambda e: (e.target, e.target_column, e.source, e.source_column),
            )
        ),
        tuple(
            sorted(
                draw(
                    st.sets(
                        st.builds(IndirectEdge, an_id, name, an_id, st.sampled_from(IndirectKind)),
                        max_size=3,
                    )
                ),
                key=lambda e: (e.target, e.source, e.source_column, e.kind, e.origin),
            )
        ),
    )


def state(number: int, sha: str = "") -> LineageState:
    """One state a day."""
    commit = Commit(sha, is_dirty=number % 2 == 1) if sha else None
    return LineageState(f"run-{number:03}", START + timedelta(days=number), commit, "build")
