"""Whether a text only reads, so that it may be run again; or may be explained at the most."""

from itertools import pairwise

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from dbt_schema_evolve.lineage.sql.parsing import UnreadableError, folded, marked, parse

# Functions that wait, write, lock, reach outside or end sessions, though they stand in a SELECT.
_HARMFUL = frozenset(
    {
        "currtid2", "nextval", "query_to_xml", "set_config", "setval", "table_to_xml",
        "query_to_xml_and_xmlschema", "txid_current", "cursor_to_xml",
    }
)  # fmt: skip
_HARMFUL_PREFIXES = (
    "dblink", "lo_", "pg_advisory", "pg_backup", "pg_cancel", "pg_create", "pg_drop", "pg_export",
    "pg_file", "pg_import", "pg_log", "pg_ls", "pg_notify", "pg_promote", "pg_read", "pg_reload",
    "pg_replication", "pg_restore", "pg_rotate", "pg_sleep", "pg_start", "pg_stat_file",
    "pg_stat_reset", "pg_stat_statements_reset", "pg_stop", "pg_switch", "pg_sync", "pg_terminate",
    "pg_try_advisory", "pg_wal_replay", "pg_write",
)  # fmt: skip
_WRITING = (exp.DML, exp.DDL, exp.Into, exp.Lock, exp.Command)


def is_read_only(sql: str) -> bool:
    """Return whether a text is one query that leaves nothing behind; False in doubt.

    A function of the user's own may still write: run it in a read-only transaction.
    """
    text = marked(sql)
    try:
        tree = parse(text)
        words = sqlglot.tokenize(text, read="postgres")
    except (UnreadableError, SqlglotError):
        return False
    if not isinstance(tree, exp.Query | exp.Values):
        return False
    if any(_writes(node) for node in tree.walk()):
        return False
    names = (
        folded(word.text) if word.token_type is not TokenType.IDENTIFIER else word.text
        for word, behind in pairwise(words)
        if behind.token_type is TokenType.L_PAREN
    )
    return not any(name in _HARMFUL or name.startswith(_HARMFUL_PREFIXES) for name in names)


def changes_rows(sql: str) -> bool:
    """Return whether a text is one INSERT, UPDATE, DELETE or MERGE: to be explained, never run."""
    try:
        tree = parse(marked(sql))
    except UnreadableError:
        return False
    return isinstance(tree, exp.DML) and not isinstance(tree, exp.Query)


def _writes(node: exp.Expr) -> bool:
    # A query is a DDL in sqlglot's family tree, because it may stand in one.
    return isinstance(node, _WRITING) and not isinstance(node, exp.Query)
