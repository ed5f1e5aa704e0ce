"""Reads what clients write about themselves into SQL comments.

One flat vocabulary for all of them: sqlcommenter's keys as they come (`application`, `route`,
`controller`, `traceparent`, ...), dbt's under `dbt_node_id` and `dbt_profile`, and for BI tools
`bi_tool` with `bi_query`, `bi_dashboard`, `bi_user` where the tool says so.
"""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from dbt_schema_evolve.ingest.lexer import comments

Tags = Iterator[tuple[str, str]]

# https://google.github.io/sqlcommenter/spec: keys and values url-encoded, a quote as \'.
_SQLCOMMENTER = re.compile(r"([\w%.\-+]+)\s*=\s*'((?:[^'\\]|\\.)*)'")
_RAILS = re.compile(r"(?:application|controller|action|job):[^,\s]*(?:,\w+:[^,]*)*\Z")
_PAIR = re.compile(r"(\w[\w ]*?)\s*:\s*([^,\s][^,]*?)\s*(?:,|\s(?=\w+:)|\Z)")
_MAX_VALUE = 500  # characters; a tag is a name, not a document


def tags(text: str) -> frozenset[tuple[str, str]]:
    """Return every tag of a statement, whichever tool wrote it."""
    found = {
        (key, value[:_MAX_VALUE])
        for comment in comments(text)
        for reader in _READERS
        for key, value in reader(comment)
        if key and value
    }
    by_key = dict(sorted(found))
    if "controller" in by_key and "route" not in by_key:
        # Rails names an action and no path; `orders#show` is its own way of writing a route.
        found.add(("route", "#".join(filter(None, map(by_key.get, ("controller", "action"))))))
    return frozenset(found)


# application_name where nobody has set it: it says what program it is, and not whose.
_DRIVERS = re.compile(
    r"""(?: \[unknown\] | psql | pgcli | pg_dump(?:all)? | pg_restore | pgbench | psycopg\d?
      | postgresql\ jdbc\ driver | npgsql | node-postgres | pgx | libpq | unnamed | app(?:lication)?
      | pgadmin.* | dbeaver.* | datagrip.* | dbvisualizer.* | azure\ data\ studio.*
      )?\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_TOOLS = re.compile(r"(metabase|looker|redash|superset|tableau|grafana|power ?bi)\b", re.IGNORECASE)


def application_tags(application_name: str) -> frozenset[tuple[str, str]]:
    """Return what the name of a connection says of its owner; nothing where a driver chose it."""
    name = application_name.strip()
    if _DRIVERS.match(name):
        return frozenset()
    # `Metabase v0.50.1 [5f0c..]`: the version and the instance are none of a consumer's name.
    tool = _TOOLS.match(name)
    if tool:
        return frozenset({("bi_tool", tool[1].lower().replace(" ", ""))})
    return frozenset({("application", "dbt" if name.lower() == "dbt" else name[:_MAX_VALUE])})


def _sqlcommenter(comment: str) -> Tags:
    rest = _SQLCOMMENTER.sub("", comment)
    if rest.strip(" ,"):  # prose that happens to hold a = 'b'
        return
    for key, value in _SQLCOMMENTER.findall(comment):
        yield unquote(key).strip(), unquote(value.replace("\\'", "'"))


def _rails(comment: str) -> Tags:
    """Read `application:Shop,controller:orders,action:show`, as Rails and marginalia write it."""
    if not _RAILS.match(comment):
        return
    for pair in comment.split(","):
        key, _, value = pair.partition(":")
        yield key, value.strip("'")


def _dbt(comment: str) -> Tags:
    """Read dbt's default query comment, and those that teams extend with keys of their own."""
    fields = _json_object(comment)
    if fields.get("app") != "dbt":
        return
    yield "application", "dbt"
    for key in ("node_id", "profile_name", "target_name", "dbt_version", "invocation_id"):
        value = fields.get(key)
        if isinstance(value, str):
            yield f"dbt_{key.removesuffix('_name').removeprefix('dbt_')}", value


def _metabase(comment: str) -> Tags:
    """Read `Metabase:: userID: 1 queryType: native queryHash: 4f..`; alone where nobody asked."""
    if comment != "Metabase" and not comment.startswith("Metabase::"):
        return
    yield "bi_tool", "metabase"
    yield from _named(
        comment.removeprefix("Metabase::"),
        {"userid": "bi_user", "queryhash": "bi_query", "dashboardid": "bi_dashboard",
         "cardid": "bi_query"},
    )  # fmt: skip


def _looker(comment: str) -> Tags:
    """Read `Looker Query Context '{"user_id": 1, "history_slug": ".."}'`."""
    head, _, body = comment.partition("'")
    if not head.startswith("Looker Query Context"):
        return
    yield "bi_tool", "looker"
    fields = _json_object(body.rstrip("' "))
    # The history slug is new at each run, so it names no query.
    for key, tag in (("user_id", "bi_user"), ("dashboard_id", "bi_dashboard")):
        if fields.get(key) is not None:  # derived tables are made for nobody
            yield tag, str(fields[key])


def _redash(comment: str) -> Tags:
    """Read `Username: a@b.c, query_id: 12, Queue: queries, Job ID: .., Query Hash: ..`."""
    lowered = comment.lower()
    if "query hash:" not in lowered or not ("job id:" in lowered or "task id:" in lowered):
        return
    yield "bi_tool", "redash"
    found = _named(comment, {"query_id": "bi_query", "query id": "bi_query", "username": "bi_user"})
    yield from (tag for tag in found if tag != ("bi_query", "adhoc"))  # not saved under a number


def _superset(comment: str) -> Tags:
    """Read what the SQL_QUERY_MUTATOR of Superset's documentation writes."""
    if comment.startswith("[SQL LAB]"):
        yield "bi_tool", "superset"
        words = comment.removeprefix("[SQL LAB]").split()
        if words:
            yield "bi_user", words[0]
    elif comment.lower().startswith(("superset", "apache superset")):
        yield "bi_tool", "superset"
        yield from _named(
            comment.partition(" ")[2],
            {"dashboard_id": "bi_dashboard", "chart_id": "bi_query", "slice_id": "bi_query",
             "user": "bi_user", "username": "bi_user"},
        )  # fmt: skip


def _named(text: str, wanted: dict[str, str]) -> Tags:
    for key, value in _PAIR.findall(text):
        tag = wanted.get(key.strip().lower())
        if tag:
            yield tag, value


def _json_object(text: str) -> dict[str, object]:
    if not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


_READERS: tuple[Callable[[str], Tags], ...] = (
    _sqlcommenter,
    _rails,
    _dbt,
    _metabase,
    _looker,
    _redash,
    _superset,
)
