"""Databases as the published comparisons of index advisors had them.

BARS.md's figures for Extend were found again, to within 1.3 points and with sets of the same size,
on tables without any key, analyzed but never vacuumed, with `work_mem` at 64 MB:

    TPC-H, 250 / 500 / 1000 MB: 67.6 / 57.1 / 51.4 % for 66.9 / 56.2 / 50.1 %
    TPC-DS, 50 / 100 MB:        88.7 / 86.3 %        for 88.3 / 85.9 %

With primary keys the same program gets 84.7 / 76.1 / 68.7 % and 89.9 / 89.6 %.
"""

import psycopg

from dbt_schema_evolve.backends.cluster import Cluster

WORK_MEM = "64MB"


def bare_database(cluster: Cluster, workload: str) -> str:
    """Return the name of a database with a workload's published starting point, made if absent."""
    name = f"{workload}_without_keys"
    with cluster.connect() as admin:
        if admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            return name
        admin.execute(f"drop database if exists {name}_new".encode())
        admin.execute(f"create database {name}_new template {workload}".encode())
        with cluster.connect(f"{name}_new") as connection:
            _drop_keys(connection)
            _forget_vacuum(connection)
            connection.execute("create extension if not exists hypopg")
        admin.execute(f"alter database {name}_new set work_mem = '{WORK_MEM}'".encode())
        # The last step: a database of this name is whole.
        admin.execute(f"alter database {name}_new rename to {name}".encode())
    return name


def _drop_keys(connection: psycopg.Connection) -> None:
    keys = connection.execute(
        "select conrelid::regclass::text, conname from pg_constraint"
        " where contype = 'p' and connamespace = 'public'::regnamespace"
    ).fetchall()
    for table, key in keys:
        connection.execute(f'alter table {table} drop constraint "{key}"'.encode())


def _forget_vacuum(connection: psycopg.Connection) -> None:
    """Let no page count as visible to all, neither now nor after an index was built."""
    connection.execute("create extension if not exists pg_visibility")
    connection.execute(
        "select pg_truncate_visibility_map(oid) from pg_class"
        " where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    connection.execute(
        "update pg_class set relallvisible = 0"
        " where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
