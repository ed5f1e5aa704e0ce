"""The role that runs what a catalog brings: it owns the twin's database and may do nothing else.

A catalog may come from a file that somebody edited, and its DDL, view definitions and functions
are code. So nothing of it runs with rights: not in other databases, not on the server's files, not
as a program. What the twin has to change in Postgres's own catalogs it changes through a handful
of functions that the superuser leaves here; they touch only what this role owns.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.errors import TwinError

STATEMENT_TIMEOUT = "10s"
# A function can catch the server's timeout and go on, or raise it; being terminated it cannot.
_PATIENCE_S = 20.0
_GLANCE_S = 1.0
_LONGEST_SHOWN = 120

RIGHTS = "schema_evolve_rights"
_RIGHTS = f"""
create schema {RIGHTS};

create function {RIGHTS}.owned(relation oid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select pg_get_userbyid(c.relowner) = session_user from pg_catalog.pg_class as c
    where c.oid = relation
$$;

create function {RIGHTS}.flip(indexes oid[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    update pg_catalog.pg_index set indisvalid = not indisvalid
    where indexrelid = any(indexes) and {RIGHTS}.owned(indexrelid)
$$;

create function {RIGHTS}.mark(index oid, is_valid boolean, is_unique boolean) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    update pg_catalog.pg_index set indisvalid = is_valid, indisunique = is_unique
    where indexrelid = index and {RIGHTS}.owned(indexrelid)
$$;

create function {RIGHTS}.take_predicate(index oid, lender oid) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    update pg_catalog.pg_index as x set indpred = (
        select l.indpred from pg_catalog.pg_index as l
        where l.indexrelid = lender and l.indrelid = x.indrelid
    )
    where x.indexrelid = index and {RIGHTS}.owned(x.indexrelid)
$$;

create function {RIGHTS}.require(relation oid, columns text[]) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    update pg_catalog.pg_attribute set attnotnull = true
    where attrelid = relation and attname = any(columns) and attnum > 0 and not attnotnull
        and {RIGHTS}.owned(attrelid)
$$;

create function {RIGHTS}.evict(
    relation regclass, out evicted integer, out flushed integer, out skipped integer
) language c strict as '$libdir/pg_buffercache', 'pg_buffercache_evict_relation';
revoke execute on function {RIGHTS}.evict from public;

create function {RIGHTS}.forget(index oid) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    select {RIGHTS}.evict(index) where {RIGHTS}.owned(index)
$$;

create cast (bytea as pg_ndistinct) without function;
create cast (bytea as pg_dependencies) without function;
create cast (bytea as pg_mcv_list) without function;

create function {RIGHTS}.fill_statistics(
    statistics oid, with_children boolean,
    combinations bytea, dependencies bytea, common bytea, expressions oid
) returns void
language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into pg_catalog.pg_statistic_ext_data
        (stxoid, stxdinherit, stxdndistinct, stxddependencies, stxdmcv, stxdexpr)
    select
        e.oid, with_children, combinations::pg_ndistinct, dependencies::pg_dependencies,
        common::pg_mcv_list,
        (
            select array_agg(s order by s.staattnum) from pg_catalog.pg_statistic as s
            where s.starelid = expressions and {RIGHTS}.owned(s.starelid)
        )
    from pg_catalog.pg_statistic_ext as e
    where e.oid = statistics and {RIGHTS}.owned(e.stxrelid)
$$;

create function {RIGHTS}.lend_common(statistics oid) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select d.stxdmcv::bytea
    from pg_catalog.pg_statistic_ext_data as d
    inner join pg_catalog.pg_statistic_ext as e on d.stxoid = e.oid
    where d.stxoid = statistics and {RIGHTS}.owned(e.stxrelid)
$$;

grant usage on schema {RIGHTS} to public;
"""


class Confined:
    """Sessions of the role in its database; `with` makes the role fit for them and ends them."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self._cluster, self._database, self.role = cluster, database, database
        self._watch = _Watch(cluster)

    def create_role(self, admin: psycopg.Connection[Any]) -> None:
        """Make the role, before the database that it will own."""
        role = sql.Identifier(self.role)
        admin.execute(sql.SQL("drop role if exists {}").format(role))
        admin.execute(sql.SQL("create role {} login").format(role))

    def drop(self) -> None:
        """Remove the database and the role."""
        self._watch.stop()
        name = sql.Identifier(self._database)
        with self._cluster.connect() as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(name))
            admin.execute(sql.SQL("drop role if exists {}").format(name))

    def prepare(self, settings: Mapping[str, str]) -> None:
        """Leave our functions in the database, and the settings that only a superuser may make."""
        role = sql.Identifier(self.role)
        with self._cluster.connect(self._database) as admin:
            admin.execute(_RIGHTS.encode())
            for name, value in {**settings, "statement_timeout": STATEMENT_TIMEOUT}.items():
                admin.execute(
                    sql.SQL("alter role {} set {} to {}").format(
                        role, sql.Identifier(name), sql.Literal(value)
                    )
                )
        self._watch.start()

    @contextmanager
    def session(self, *, one_statement: bool) -> Iterator["ConfinedConnection"]:
        """Open an autocommit session; `one_statement` refuses a second one behind a semicolon."""
        with ConfinedConnection.connect(
            self._cluster.conninfo(self._database, self.role), autocommit=True
        ) as connection:
            connection.watch, connection.one_statement = self._watch, one_statement
            yield connection


class ConfinedConnection(psycopg.Connection[Any]):
    """Ends with its session where a statement of it does not end."""

    watch: "_Watch | None" = None
    one_statement = False

    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool = False,
    ) -> psycopg.Cursor[Any]:
        """Execute one statement, in the time that one may take."""
        if self.watch is None:
            return super().execute(query, params, prepare=prepare, binary=binary)
        with self.watch.over(self, query):
            # `binary` selects the protocol that takes one statement: `...; drop ...` is refused.
            binary = binary or self.one_statement
            return super().execute(query, params, prepare=prepare, binary=binary)


class _Watch:
    """Looks every second whether a statement is overdue, and terminates its session."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._running: dict[int, tuple[float, Any]] = {}  # by process: since when, what
        self.overdue: str = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def over(self, connection: psycopg.Connection[Any], query: Any) -> Iterator[None]:
        process = connection.info.backend_pid
        self._running[process] = (time.monotonic(), query)
        try:
            yield
        except psycopg.OperationalError as error:
            if connection.broken and self.overdue:
                raise TwinError(
                    f"a statement of the catalog does not end: {self.overdue}",
                    remedy="look at its functions; nothing of it ran outside the twin",
                ) from error
            raise
        finally:
            self._running.pop(process, None)

    def _run(self) -> None:
        while not self._stopped.wait(_GLANCE_S):
            for process, (since, query) in list(self._running.items()):
                if time.monotonic() - since > _PATIENCE_S:
                    self.overdue = " ".join(bytes(query).decode().split())[:_LONGEST_SHOWN]
                    with self._cluster.connect() as admin:
                        admin.execute("select pg_terminate_backend(%s)", (process,))
