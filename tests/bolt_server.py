"""A server that speaks Bolt and Cypher, in a process of its own: ArcadeDB, from a wheel."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "not-a-secret"
DATABASE = "lineage"


@contextmanager
def bolt_server(folder: Path) -> Iterator[str]:
    """Return the address of a fresh server."""
    port = _free_port()
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(folder / "data"), str(port)],
            cwd=folder,  # it writes its log into the current folder
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        try:
            for line in process.stdout:
                if line == "ready\n":
                    break
            else:
                raise RuntimeError((folder / "server.log").read_text()[-2_000:])
            yield f"bolt://127.0.0.1:{port}"
        finally:
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(folder: str, port: int) -> None:
    from arcadedb_embedded import create_server  # noqa: PLC0415 - a JVM, for this process alone

    server = create_server(
        root_path=folder,
        root_password=PASSWORD,
        config={
            "http_port": _free_port(),
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "bolt_port": port,
            "mode": "production",
        },
    )
    server.start()
    server.create_database(DATABASE)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.read()  # until the one who started it closes it, or is gone
    server.stop()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
