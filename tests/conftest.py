"""Throw-away Postgres servers for tests: the embedded one, started once a session."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from tests.bolt_server import bolt_server

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

# An autovacuum between two looks at a database makes them differ.
_STILL = {"autovacuum": "off"}

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server with pg_stat_statements loaded, and no databases of ours.

    It is not under pytest's own folder: each pytest that starts closes that to all but its user,
    and a server that root starts runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="se-cluster-") as folder:
        settings = {"shared_preload_libraries": "pg_stat_statements"} | _STILL
        with Cluster(Path(folder) / "one", settings) as running:
            yield running


@pytest.fixture(scope="session")
def debian_cluster() -> Iterator[Cluster]:
    """Debian's Postgres 15 with HypoPG, for what the embedded server cannot show."""
    if not (DEBIAN_15.parent / "lib" / "hypopg.so").exists():
        pytest.skip("needs Debian's packages postgresql-15 and postgresql-15-hypopg")
    with (
        tempfile.TemporaryDirectory(prefix="se-cluster-") as folder,
        Cluster(Path(folder) / "debian", _STILL, DEBIAN_15) as running,
    ):
        yield running


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The name of an empty database, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    cluster.create_database(name)
    yield name
    with cluster.connect() as connection:
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    """An autocommit superuser connection to that database."""
    with cluster.connect(database) as opened:
        yield opened


@pytest.fixture(scope="session")
def bolt_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that answers the Neo4j driver; starts in two seconds."""
    pytest.importorskip("arcadedb_embedded")
    with bolt_server(tmp_path_factory.mktemp("bolt")) as address:
        yield address
