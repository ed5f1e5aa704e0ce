"""The string of statements that capture sends, for tests to send through any connection."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dbt_schema_evolve.backends.cluster import Cluster
from tests.tiny_project import TinyProject


@dataclass(frozen=True)
class Outcome:
    """What capture hands back to dbt."""

    capture_id: str
    state: str
    skips: dict[str, str]


@pytest.fixture(scope="session")
def capture_sql(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> str:
    """The very string that dbt sent, out of its log."""
    tiny = TinyProject(tmp_path_factory.mktemp("sql"), cluster)
    tiny.configure()
    cluster.create_database("capture_sql")
    tiny.add_target("dev", "capture_sql")
    tiny.link_package()
    run = tiny.dbt("run-operation", "capture")
    assert run.exit_code == 0, run.output
    (sent,) = run.statements("'schema_evolve.capture'")
    return sent


@pytest.fixture
def capture(capture_sql: str) -> Callable[..., Outcome]:
    """Capture as another invocation, with other settings or node runs, through any connection."""

    def run(
        connection: psycopg.Connection,
        node_runs: list[dict[str, Any]] | None = None,
        **settings: Any,
    ) -> Outcome:
        literal = re.search(r"'schema_evolve.capture', (E'.*?'), true\)", capture_sql)
        assert literal is not None
        given = json.loads(literal[1][2:-1])
        given |= {"capture_id": str(uuid.uuid4()), **settings}
        changed = capture_sql.replace(literal[1], _literal(json.dumps(given)))
        if node_runs is not None:
            changed = changed.replace("E'[]'", _literal(json.dumps(node_runs)))
        cursor = connection.execute(changed)
        while cursor.nextset():
            pass
        state, skips, _ = cursor.fetchone()
        found = {skip["what"]: skip["why"] for skip in json.loads(skips)}
        return Outcome(given["capture_id"], state, found)

    return run


def _literal(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _as_new_role(connection: psycopg.Connection, *grants: str) -> str:
    role = f"role_{uuid.uuid4().hex[:8]}"
    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
    for grant in grants:
        connection.execute(f"grant {grant} to {role}")
    return role


@pytest.fixture
def as_role(cluster: Cluster, connection: psycopg.Connection, database: str) -> Iterator[Callable]:
    """Connect as a new role with the given grants; everything goes again afterwards."""
    opened = []

    def connect(*grants: str) -> psycopg.Connection:
        role = _as_new_role(connection, *grants)
        opened.append((role, cluster.connect(database, role)))
        return opened[-1][1]

    yield connect
    for role, other in opened:
        other.close()
        connection.execute(f"drop owned by {role} cascade; drop role {role}")
