"""A small warehouse with everything that a catalog reader can stumble over."""

import psycopg

from dbt_schema_evolve.records.relations import RelationName

ORDERS = RelationName("Märkte 100%", 'Order"s.2024')
EVENTS = RelationName("raw", "events")
BIG_ORDERS = RelationName("Märkte 100%", "big orders")
BY_STATUS = RelationName("raw", "a reads b")

DDL = """
create schema "Märkte 100%";
create schema raw;
create extension citext schema raw;
create type raw."Stim'mung" as enum ('gut', 'so ''la la''', 'schlecht');
create domain raw.percent as numeric check (value between 0 and 100);
create type raw.money_amount as (amount numeric, currency text);

create table "Märkte 100%"."Order""s.2024" (
    "Id" bigint primary key,
    "größe %" integer,
    "select" text collate "C",
    mood raw."Stim'mung" not null,
    share raw.percent,
    email raw.citext,
    price raw.money_amount,
    tags text[],
    day date not null
);
insert into "Märkte 100%"."Order""s.2024"
select
    i,
    nullif(i % 10, 0),
    'größe ' || i % 100,
    (array['gut', 'so ''la la''', 'schlecht'])[1 + i % 3]::raw."Stim'mung",
    i % 101,
    'user' || i || '@example.org',
    row(i, 'EUR')::raw.money_amount,
    array['a' || i % 3, 'b, "c" {d}'],
    date '2024-01-01' + i % 365
from generate_series(1, 20000) as i;
create index on "Märkte 100%"."Order""s.2024" ("größe %" desc, "select" text_pattern_ops)
    include (day);
create index "Teil-Index" on "Märkte 100%"."Order""s.2024" (lower("select"))
    where "größe %" > 3 and "select" <> 'a)b(';
create unique index on "Märkte 100%"."Order""s.2024" ("Id") include (mood);
create index on "Märkte 100%"."Order""s.2024" using gin (tags);
create index on "Märkte 100%"."Order""s.2024" using brin (day);
create index on "Märkte 100%"."Order""s.2024" using hash (email);

create table raw.items (
    id bigint primary key,
    "order" bigint references "Märkte 100%"."Order""s.2024" ("Id"),
    constant integer default 1,
    noted text
);
insert into raw.items select i, 1 + i % 20000, 1, null from generate_series(1, 5000) as i;

create table raw.events (day date not null, kind text, amount integer) partition by range (day);
create table raw.events_1 partition of raw.events for values from ('2024-01-01') to ('2024-02-01');
create table raw.events_2 partition of raw.events for values from ('2024-02-01') to ('2024-03-01');
create index on raw.events (day, kind);
insert into raw.events
select date '2024-01-01' + i % 60, 'k' || i % 4, i from generate_series(1, 6000) as i;

create view raw."z base" as
    select "Id", mood, "größe %" as size, day from "Märkte 100%"."Order""s.2024";
create view raw."a reads b" with (security_barrier = true) as
    select mood, count(*) as n, max(day) as "last %" from raw."z base" group by mood;
create view raw."b deep" as select * from raw."a reads b" where n > 1;
create materialized view "Märkte 100%"."big orders" as
    select * from raw."z base" where size > 5;
create index on "Märkte 100%"."big orders" (day);

create table raw.never_analyzed (id integer) with (autovacuum_enabled = false);
insert into raw.never_analyzed select generate_series(1, 3000);
create table raw.empty (id integer, name text);
create table raw.x__dbt_tmp (id integer);
create table raw.x__dbt_backup2024 (id integer);
create schema schema_evolve;
create table schema_evolve.captures (id integer);
create temporary table gone (id integer);
"""


def load(connection: psycopg.Connection) -> None:
    connection.execute(DDL)
    for relation in ("raw.items", "raw.events", "raw.empty", ORDERS.sql, BIG_ORDERS.sql):
        connection.execute(f"vacuum analyze {relation}")
