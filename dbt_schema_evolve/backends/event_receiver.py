"""A small HTTP server for what OpenLineage clients post; it stores events and does no more."""

import contextlib
import hmac
import ipaddress
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.event_log import EventLog
from dbt_schema_evolve.errors import ReceiverError
from dbt_schema_evolve.ingest.openlineage import read_event
from dbt_schema_evolve.records.workload import Skip

PATH = "/api/v1/lineage"  # where OpenLineage's HTTP transports post
_SECONDS = 30.0  # for a whole request: a client that is slower is cut off
_CONNECTIONS = 32  # at a time
_LINGER_SECONDS, _CHUNK, _LINGER_CHUNKS = 0.2, 65_536, 1_000

_COME_AGAIN = (
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b'\r\n{"error": "too many connections"}\n'
)


class EventReceiver:
    """Receives events for as long as `serve` runs; `stop` ends it from another thread."""

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        max_bytes: int,
        token: str | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        """Bind the address; raises ReceiverError where that cannot be done, or would be unwise."""
        if token is None and not _is_loopback(host):
            raise ReceiverError(
                f"whoever reaches {host} could send events",
                at=f"{host}:{port}",
                remedy="pass --token-env with the name of a variable that holds a secret, or "
                "listen on 127.0.0.1",
            )
        self.log = EventLog(folder)
        try:
            self._server = _Server(host, port, _Rules(self.log, max_bytes, token, seconds))
        except (OSError, OverflowError) as error:
            raise ReceiverError(
                f"cannot listen: {getattr(error, 'strerror', None) or error}",
                at=f"{host}:{port}",
                remedy="choose another --port, or stop what is using this one",
            ) from error

    @property
    def address(self) -> str:
        """The URL that clients post to."""
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{shown}:{port}{PATH}"

    @property
    def received(self) -> int:
        """How many events were stored."""
        return self._server.rules.received

    def serve(self) -> None:
        """Receive until `stop`; requests under way are answered first."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()
            self.log.close()

    def stop(self) -> None:
        """End `serve`."""
        self._server.shutdown()


class _RefusedError(Exception):
    """A request that gets an answer other than 201."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class _Rules:
    """What is accepted, and where it goes."""

    def __init__(self, log: EventLog, max_bytes: int, token: str | None, seconds: float) -> None:
        self.log, self.max_bytes, self.seconds = log, max_bytes, seconds
        self.received = 0
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._lock = threading.Lock()

    def allows(self, authorization: str) -> bool:
        """Return whether a request may send events."""
        given = authorization.encode("latin-1", "replace")
        return self._expected is None or hmac.compare_digest(given, self._expected)

    def keep(self, body: bytes) -> None:
        """Store an event; raises _RefusedError for what is none."""
        outcome = read_event(body, "the body", self.max_bytes)
        if isinstance(outcome, Skip):
            raise _RefusedError(HTTPStatus.BAD_REQUEST, outcome.reason)
        try:
            self.log.append(msgspec.json.format(body, indent=-1), clock.now().date())
        except RecursionError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "the event is nested too deep") from None
        except OSError as error:
            raise _RefusedError(HTTPStatus.INSUFFICIENT_STORAGE, f"not stored: {error}") from error
        with self._lock:
            self.received += 1


class _Server(ThreadingHTTPServer):
    """Few connections, each for a limited time."""

    daemon_threads = False  # so that closing waits for those under way
    request_queue_size = _CONNECTIONS
    allow_reuse_address = True

    def __init__(self, host: str, port: int, rules: _Rules) -> None:
        self.rules = rules
        self._lock = threading.Lock()
        self._until: dict[socket.socket, float] = {}
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread, unless there are enough of them."""
        with self._lock:
            is_full = len(self._until) >= _CONNECTIONS
            if not is_full:
                self._until[request] = time.monotonic() + self.rules.seconds
        if is_full:
            with contextlib.suppress(OSError):
                request.settimeout(1.0)
                request.sendall(_COME_AGAIN)
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._until.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off who takes too long, however busily: each byte that comes resets a timeout."""
        now = time.monotonic()
        with self._lock:
            late = [request for request, until in self._until.items() if until < now]
        for request in late:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def server_close(self) -> None:
        """Wait for the requests that have come in whole; of the others no more is read."""
        with self._lock:
            for request in self._until:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; every answer is one line of JSON."""

    server: _Server
    server_version = "schema-evolve"
    sys_version = ""

    def do_POST(self) -> None:
        """Store the event that is in the body."""
        try:
            self._check_head()
            self.server.rules.keep(self._body())
        except _RefusedError as refusal:
            self._answer(refusal.status, {"error": refusal.reason})
            self._read_on()
        else:
            self._answer(HTTPStatus.CREATED, {"stored": 1})

    def __getattr__(self, name: str) -> Any:
        """Answer every other method, known or not."""
        if name.startswith("do_"):
            return self._refuse_method
        raise AttributeError(name)

    def _refuse_method(self) -> None:
        is_ours = self.path.partition("?")[0] == PATH
        status = HTTPStatus.METHOD_NOT_ALLOWED if is_ours else HTTPStatus.NOT_FOUND
        self._answer(status, {"error": f"events are posted to {PATH}"})

    def _check_head(self) -> None:
        if self.path.partition("?")[0] != PATH:
            _refuse(HTTPStatus.NOT_FOUND, f"events are posted to {PATH}")
        if not self.server.rules.allows(self.headers.get("Authorization", "")):
            _refuse(HTTPStatus.UNAUTHORIZED, "the bearer token is missing or wrong")
        # No page in a browser may send this type here without asking, and asking is refused.
        if self.headers.get_content_type() != "application/json":
            _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "events are application/json")

    def _body(self) -> bytes:
        most = self.server.rules.max_bytes
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not length:
            _refuse(HTTPStatus.LENGTH_REQUIRED, "the request needs a Content-Length")
        if not (length.isascii() and length.isdigit()):
            _refuse(HTTPStatus.BAD_REQUEST, "the Content-Length is no number")
        if len(length) > 18 or int(length) > most:
            _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"an event has at most {most} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            _refuse(HTTPStatus.BAD_REQUEST, "the body is shorter than its Content-Length")
        encoding = self.headers.get("Content-Encoding", "identity").lower()
        if encoding == "gzip":
            return _decompressed(body, most)
        if encoding != "identity":
            _refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bodies are plain or gzip")
        return body

    def _read_on(self) -> None:
        """Take what a client is still sending: it would miss its answer if we hung up on it."""
        with contextlib.suppress(OSError):
            self.connection.settimeout(_LINGER_SECONDS)
            for _ in range(_LINGER_CHUNKS):
                if not self.rfile.read1(_CHUNK):
                    break

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the standard library refuses by itself."""
        self._answer(HTTPStatus(code), {"error": message or explain or HTTPStatus(code).phrase})

    def _answer(self, status: HTTPStatus, said: dict[str, Any]) -> None:
        content = json.dumps(said).encode() + b"\n"
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status is HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "POST")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet: who wants to know what came in looks at the files."""


def _refuse(status: HTTPStatus, reason: str) -> NoReturn:
    raise _RefusedError(status, reason)


def _decompressed(body: bytes, most: int) -> bytes:
    unpack = zlib.decompressobj(wbits=31)
    try:
        found = unpack.decompress(body, most + 1)
    except zlib.error as error:
        _refuse(HTTPStatus.BAD_REQUEST, f"the body is not gzip: {error}")
    if len(found) > most:
        _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"an event has at most {most} bytes")
    if not unpack.eof or unpack.unused_data:
        _refuse(HTTPStatus.BAD_REQUEST, "the body is not one whole gzip stream")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve_until(receiver: EventReceiver, wait: Callable[[], Any]) -> None:
    """Serve in a thread until `wait` returns."""
    thread = threading.Thread(target=receiver.serve, name="receiver")
    thread.start()
    try:
        wait()
    finally:
        receiver.stop()
        thread.join()
