"""The receiver against the official client, and against those who mean it ill."""

import gzip
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import OpenLineageClient, event_v2
from openlineage.client.transport.http import (
    ApiKeyTokenProvider,
    HttpCompression,
    HttpConfig,
    HttpTransport,
)

from dbt_schema_evolve.backends.event_files import event_files
from dbt_schema_evolve.backends.event_log import EventLog
from dbt_schema_evolve.backends.event_receiver import EventReceiver
from dbt_schema_evolve.errors import ReceiverError
from dbt_schema_evolve.ingest.openlineage import read_events
from dbt_schema_evolve.records.etl import EtlEvent, EventKind, Named

EVENT: dict[str, Any] = {
    "eventTime": "2026-03-01T00:00:00Z",
    "producer": "https://example.com",
    "eventType": "COMPLETE",
    "run": {"runId": "r"},
    "job": {"namespace": "n", "name": "j"},
}
BODY = json.dumps(EVENT, indent=2).encode()
JSON = {"Content-Type": "application/json"}
MOST = 20_000


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[EventReceiver]:
    receiver = EventReceiver(
        folder, **{"host": "127.0.0.1", "port": 0, "max_bytes": MOST, **settings}
    )
    thread = threading.Thread(target=receiver.serve)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[EventReceiver]:
    with running(tmp_path / "events") as opened:
        yield opened


def post(
    receiver: EventReceiver, body: bytes | None, headers: dict[str, str] = JSON, **other: Any
) -> tuple[int, dict[str, Any]]:
    url = other.pop("url", receiver.address)
    request = urllib.request.Request(url, body, headers, **{"method": "POST", **other})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as answer:
        return answer.code, json.loads(answer.read())


def raw(receiver: EventReceiver, *parts: bytes) -> bytes:
    """Send bytes as they are; return everything that comes back until the end."""
    with connected(receiver) as connection:
        for part in parts:
            connection.sendall(part)
        return everything(connection)


def connected(receiver: EventReceiver) -> socket.socket:
    port = int(receiver.address.split(":")[2].split("/")[0])
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def everything(connection: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionError:
            return found
        if not part:
            return found
        found += part


def stored(receiver: EventReceiver) -> list[EtlEvent]:
    outcomes = [
        outcome
        for found in event_files([receiver.log.folder])
        if isinstance(found, tuple)
        for outcome in read_events(*found)
    ]
    assert all(isinstance(outcome, EtlEvent) for outcome in outcomes)
    return [outcome for outcome in outcomes if isinstance(outcome, EtlEvent)]


def client(receiver: EventReceiver, **settings: Any) -> OpenLineageClient:
    url = receiver.address.removesuffix("/api/v1/lineage")
    return OpenLineageClient(transport=HttpTransport(HttpConfig(url=url, **settings)))


def official_event() -> event_v2.RunEvent:
    return event_v2.RunEvent(
        eventTime="2026-03-01T06:00:00Z",
        eventType=event_v2.RunState.COMPLETE,
        run=event_v2.Run("01959080-0000-7abc-8def-0123456789ab"),
        job=event_v2.Job("airflow", "nightly.load"),
        inputs=[event_v2.InputDataset("s3://lake", "a")],
        outputs=[event_v2.OutputDataset("postgres://db:5432", "shop.raw.a")],
    )


@pytest.mark.parametrize("compression", [None, HttpCompression.GZIP])
def test_the_official_client_posts_and_ingest_reads(
    receiver: EventReceiver, compression: HttpCompression | None
) -> None:
    client(receiver, compression=compression).emit(official_event())
    (event,) = stored(receiver)
    assert (event.report.job, event.kind) == (Named("airflow", "nightly.load"), EventKind.COMPLETE)
    assert event.report.inputs[0].name == Named("s3://lake", "a")


def test_the_official_client_sends_its_api_key(tmp_path: Path) -> None:
    with running(tmp_path, token="sesame", host="0.0.0.0") as receiver:
        receiver_url = receiver.address.replace("0.0.0.0", "127.0.0.1")
        url = receiver_url.removesuffix("/api/v1/lineage")
        key = ApiKeyTokenProvider({"apiKey": "sesame"})
        OpenLineageClient(transport=HttpTransport(HttpConfig(url=url, auth=key))).emit(
            official_event()
        )
        assert len(stored(receiver)) == 1
        for sent in ({}, {"Authorization": "Bearer Sesame"}, {"Authorization": "Bearer \xfc"}):
            assert post(receiver, BODY, JSON | sent, url=receiver_url)[0] == 401
        assert receiver.received == 1


def test_an_event_that_spans_lines_is_stored_as_one(receiver: EventReceiver) -> None:
    assert post(receiver, BODY) == (201, {"stored": 1})
    (path,) = receiver.log.folder.iterdir()
    assert path.read_bytes().count(b"\n") == 1
    assert path.stat().st_mode & 0o077 == 0


def test_many_at_once_are_all_stored(receiver: EventReceiver) -> None:
    def send(number: int) -> None:
        body = {**EVENT, "run": {"runId": str(number)}, "x": "y" * 9_000}
        assert post(receiver, json.dumps(body).encode())[0] == 201

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {event.run_id for event in stored(receiver)} == {str(number) for number in range(20)}


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"", JSON, 400, "not an OpenLineage event"),
        (b"[]", JSON, 400, "not an OpenLineage event"),
        (b"{", JSON, 400, "not an OpenLineage event"),
        (b'{"eventTime": 5}', JSON, 400, "Expected `str`, got `int` - at `$.eventTime`"),
        (b"\xff\xfe", JSON, 400, "not an OpenLineage event"),
        (b'{"eventTime": "2026-03-01T00:00:00Z"}', JSON, 400, "neither a job nor a dataset"),
        (b'{"x":' * 3_000, JSON, 400, "nested too deep"),
        (BODY[:-1] + b', "x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", JSON, 400, "too deep"),
        (b"x" * (MOST + 1), JSON, 413, "at most 20000 bytes"),
        (b"x" * 30_000_000, JSON, 413, "at most 20000 bytes"),
        (BODY, {"Content-Type": "text/plain"}, 415, "application/json"),
        (BODY, {}, 415, "application/json"),
        (BODY, JSON | {"Content-Encoding": "br"}, 415, "plain or gzip"),
        (BODY, JSON | {"Content-Encoding": "gzip"}, 400, "not gzip"),
        (gzip.compress(BODY)[:-4], JSON | {"Content-Encoding": "gzip"}, 400, "one whole gzip"),
        (gzip.compress(BODY) * 2, JSON | {"Content-Encoding": "gzip"}, 400, "one whole gzip"),
        (gzip.compress(b" " * 10**8), JSON | {"Content-Encoding": "gzip"}, 413, "at most"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_in_one_line(
    receiver: EventReceiver, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    found, said = post(receiver, body, headers)
    assert found == status
    assert reason in said["error"]
    assert "\n" not in said["error"]
    assert not receiver.log.folder.exists()
    assert post(receiver, BODY)[0] == 201, "it goes on receiving"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "", 405), ("PUT", "", 405), ("DELETE", "", 405), ("OPTIONS", "", 405),
        ("BREW", "", 405), ("GET", "/../etc/passwd", 404), ("POST", "/more", 404),
    ],
)  # fmt: skip
def test_other_methods_and_paths_are_refused(
    receiver: EventReceiver, method: str, path: str, status: int
) -> None:
    url = receiver.address + path
    found, said = post(receiver, BODY if method == "POST" else None, method=method, url=url)
    assert (found, said) == (status, {"error": "events are posted to /api/v1/lineage"})


HEAD = b"POST /api/v1/lineage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"\r\n", 411),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 411),
        (HEAD + b"Content-Length: -5\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5, 5\r\n\r\n", 400),
        (HEAD + "Content-Length: ²\r\n\r\n".encode("latin-1"), 400),
        (HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", 413),
        (b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (HEAD + b"X: y\r\n" * 200 + b"\r\n", 431),
        (HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /api/v1/lineage HTTP/9.9\r\n\r\n", 505),
    ],
)  # fmt: skip
def test_odd_requests_get_one_answer(
    receiver: EventReceiver, request_bytes: bytes, status: int
) -> None:
    answer = raw(receiver, request_bytes)
    assert str(status).encode() in answer.partition(b"\r\n")[0] or not answer.startswith(b"HTTP")
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["error"]


def test_who_goes_away_in_the_middle_leaves_nothing(receiver: EventReceiver) -> None:
    with connected(receiver) as connection:
        connection.sendall(HEAD + b"Content-Length: 500\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert b"shorter than its Content-Length" in everything(connection)
    assert receiver.received == 0


def test_who_dribbles_is_cut_off(tmp_path: Path) -> None:
    """Each byte resets a socket's own timeout, so the whole request is what is limited."""
    with running(tmp_path, seconds=0.3) as receiver, connected(receiver) as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.02)
        is_cut_off = False
        while not is_cut_off:
            try:
                connection.sendall(b"X")
                is_cut_off = connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                is_cut_off = True
        assert post(receiver, BODY)[0] == 201


def test_more_connections_than_are_allowed_are_told_to_come_again(receiver: EventReceiver) -> None:
    held = [connected(receiver) for _ in range(32)]
    try:
        for connection in held:
            connection.sendall(b"POST")
        answer = b""
        for _ in range(50):  # until the last of them has been accepted
            answer = raw(receiver)
            if answer:
                break
        assert answer.startswith(b"HTTP/1.0 503")
    finally:
        for connection in held:
            connection.close()


def test_a_stop_does_not_wait_for_who_says_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        idle = connected(receiver)
        idle.sendall(HEAD + b"Content-Length: 10\r\n\r\n")
        assert post(receiver, BODY)[0] == 201
    idle.close()


def test_an_address_that_others_reach_needs_a_token(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.168.1.5", "db.internal", "::"):
        with pytest.raises(ReceiverError) as caught:
            EventReceiver(tmp_path, host, 0, MOST)
        assert "--token-env" in caught.value.remedy


def test_a_port_in_use_is_said(receiver: EventReceiver, tmp_path: Path) -> None:
    port = int(receiver.address.split(":")[2].split("/")[0])
    with pytest.raises(ReceiverError) as caught:
        EventReceiver(tmp_path, "127.0.0.1", port, MOST)
    assert caught.value.problem == "cannot listen: Address already in use"
    assert caught.value.at == f"127.0.0.1:{port}"


DAY = date(2026, 3, 1)


def test_a_line_that_a_crash_cut_off_costs_itself_only(tmp_path: Path) -> None:
    path = tmp_path / "2026-03-01.jsonl"
    path.write_bytes(b'{"cut": ')
    log = EventLog(tmp_path)
    log.append(b"{}", DAY)
    log.append(b"{}", DAY)
    log.close()
    assert path.read_bytes() == b'{"cut": \n{}\n{}\n'


def test_a_new_day_is_a_new_file(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    for day in (1, 2, 1):
        log.append(b"{}", DAY.replace(day=day))
    log.close()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "2026-03-01.jsonl": b"{}\n{}\n",
        "2026-03-02.jsonl": b"{}\n",
    }


def test_a_folder_that_cannot_be_written_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with running(tmp_path / "file") as receiver:
        status, said = post(receiver, BODY)
        assert (status, said["error"].startswith("not stored")) == (507, True)
