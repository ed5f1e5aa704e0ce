"""`schema-evolve lineage receive`: what Airflow, Spark and dbt-ol post is kept for `ingest`."""

import os
import signal
import threading

import click

from dbt_schema_evolve.backends.event_files import MAX_BYTES
from dbt_schema_evolve.backends.event_receiver import serve_until
from dbt_schema_evolve.bootstrap import App, ProjectLineage
from dbt_schema_evolve.cli import render
from dbt_schema_evolve.cli.lineage import lineage
from dbt_schema_evolve.cli.options import ByteSize, dbt_project
from dbt_schema_evolve.ingest.openlineage import MAX_EVENT_BYTES


@lineage.command()
@dbt_project
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(0, 65535), help="0: any."
)
@click.option(
    "--max-bytes",
    type=ByteSize(),
    default=MAX_EVENT_BYTES,
    help="Most that an event may have, such as 10MB; default 5MB.",
)
@click.option(
    "--token-env",
    metavar="NAME",
    help="The environment variable that holds the bearer token which clients must send; needed "
    "for any --host that others can reach.",
)
def receive(app: App, host: str, port: int, max_bytes: int, token_env: str | None) -> None:
    """Receive OpenLineage events over HTTP until interrupted; `ingest` reads them."""
    token = os.environ.get(token_env, "") if token_env else None
    if token == "":
        raise click.UsageError(f"the environment variable {token_env} is not set")
    if max_bytes > MAX_BYTES:
        raise click.UsageError(f"--max-bytes may be {MAX_BYTES >> 20}MB at most")
    stopped = threading.Event()
    receiver = ProjectLineage(app).receiver(host, port, max_bytes, token)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    render.note(f"listening on {receiver.address}; interrupt to stop")
    serve_until(receiver, stopped.wait)
    render.show(f"{receiver.received} events stored in {app.events_dir}")
