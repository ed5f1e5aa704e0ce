"""What is handed to networkx is the same graph."""

import io

import networkx as nx

from dbt_schema_evolve.lineage.questions.network import as_network
from dbt_schema_evolve.lineage.questions.traverse import Traversal
from tests.unit.lineage.test_graph import graph


def test_rows_reach_the_same_nodes_in_both() -> None:
    ours, theirs = graph(), as_network(graph())
    rows = nx.subgraph_view(theirs, filter_edge=lambda a, b, k: theirs[a][b][k]["kind"] == "rows")
    for node in ours.nodes:
        reached = {each for each in nx.descendants(rows, node.id) if each != node.id}
        assert reached == set(Traversal(ours).downstream(node.id))


def test_every_edge_between_columns_is_there_with_its_kind() -> None:
    network = as_network(graph())
    for edge in graph().column_edges:
        between = network[f"{edge.source}.{edge.source_column}"]
        kinds = {each["kind"] for each in between[f"{edge.target}.{edge.target_column}"].values()}
        assert edge.kind in kinds


def test_it_can_be_written_as_graphml() -> None:
    file = io.BytesIO()
    nx.write_graphml(as_network(graph()), file)
    assert nx.read_graphml(io.BytesIO(file.getvalue())).nodes["model.fct"]["kind"] == "model"
