"""TPC-H on a Postgres server: the tables, their rows, and queries in the manner of the standard."""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

SCHEMA = """
create table region (
    r_regionkey integer primary key, r_name text not null, r_comment text);
create table nation (
    n_nationkey integer primary key, n_name text not null, n_regionkey integer not null,
    n_comment text);
create table part (
    p_partkey integer primary key, p_name text, p_mfgr text, p_brand text, p_type text,
    p_size integer, p_container text, p_retailprice numeric(12, 2), p_comment text);
create table supplier (
    s_suppkey integer primary key, s_name text, s_address text, s_nationkey integer not null,
    s_phone text, s_acctbal numeric(12, 2), s_comment text);
create table partsupp (
    ps_partkey integer not null, ps_suppkey integer not null, ps_availqty integer,
    ps_supplycost numeric(12, 2), ps_comment text, primary key (ps_partkey, ps_suppkey));
create table customer (
    c_custkey integer primary key, c_name text, c_address text, c_nationkey integer not null,
    c_phone text, c_acctbal numeric(12, 2), c_mktsegment text, c_comment text);
create table orders (
    o_orderkey bigint primary key, o_custkey integer not null, o_orderstatus text,
    o_totalprice numeric(12, 2), o_orderdate date not null, o_orderpriority text, o_clerk text,
    o_shippriority integer, o_comment text);
create table lineitem (
    l_orderkey bigint not null, l_partkey integer not null, l_suppkey integer not null,
    l_linenumber integer, l_quantity numeric(12, 2), l_extendedprice numeric(12, 2),
    l_discount numeric(12, 2), l_tax numeric(12, 2), l_returnflag text, l_linestatus text,
    l_shipdate date not null, l_commitdate date, l_receiptdate date, l_shipinstruct text,
    l_shipmode text, l_comment text, primary key (l_orderkey, l_linenumber));
"""
INDEXES = """
create index on orders (o_custkey);
create index on orders (o_orderdate);
create index on lineitem (l_partkey, l_suppkey);
create index on lineitem (l_shipdate);
"""
TABLES = (
    "region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem",
)  # fmt: skip


def load(connection: psycopg.Connection, scale: float, folder: Path) -> None:
    """Create the tables and a few indexes, fill them, and analyze them."""
    program = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent)) or "tpchgen-cli"
    subprocess.run(
        [program, "csv", "-s", str(scale), f"--output-dir={folder}"],
        check=True,
        capture_output=True,
    )
    connection.execute(SCHEMA)
    for table in TABLES:
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy {table} from stdin (format csv, header)") as copy,
            (folder / f"{table}.csv").open("rb") as file,
        ):
            while block := file.read(1 << 20):
                copy.write(block)
    connection.execute(INDEXES)
    connection.execute("vacuum analyze")


QUERIES = {
    "pricing summary": """
        select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
            avg(l_discount), count(*)
        from lineitem where l_shipdate <= date '1998-09-02'
        group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus""",
    "cheapest supplier": """
        select s_acctbal, s_name, n_name, p_partkey
        from part
        join partsupp on p_partkey = ps_partkey
        join supplier on s_suppkey = ps_suppkey
        join nation on s_nationkey = n_nationkey
        where p_size = 15 and p_type like '%BRASS' and ps_supplycost = (
            select min(ps_supplycost) from partsupp where ps_partkey = p_partkey)
        order by s_acctbal desc limit 100""",
    "open orders by value": """
        select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate
        from customer
        join orders on c_custkey = o_custkey
        join lineitem on l_orderkey = o_orderkey
        where c_mktsegment = 'BUILDING' and o_orderdate < date '1995-03-15'
            and l_shipdate > date '1995-03-15'
        group by l_orderkey, o_orderdate order by revenue desc limit 10""",
    "late orders by priority": """
        select o_orderpriority, count(*) from orders
        where o_orderdate >= date '1993-07-01' and o_orderdate < date '1993-10-01' and exists (
            select 1 from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate)
        group by o_orderpriority order by o_orderpriority""",
    "local suppliers": """
        select n_name, sum(l_extendedprice)
        from customer
        join orders on c_custkey = o_custkey
        join lineitem on l_orderkey = o_orderkey
        join supplier on l_suppkey = s_suppkey and c_nationkey = s_nationkey
        join nation on s_nationkey = n_nationkey
        join region on n_regionkey = r_regionkey
        where r_name = 'ASIA' and o_orderdate between date '1994-01-01' and date '1994-12-31'
        group by n_name order by 2 desc""",
    "forecast revenue": """
        select sum(l_extendedprice * l_discount) from lineitem
        where l_shipdate >= date '1994-01-01' and l_shipdate < date '1995-01-01'
            and l_discount between 0.05 and 0.07 and l_quantity < 24""",
    "volume between two nations": """
        select a.n_name, b.n_name, extract(year from l_shipdate), sum(l_extendedprice)
        from supplier
        join lineitem on s_suppkey = l_suppkey
        join orders on o_orderkey = l_orderkey
        join customer on c_custkey = o_custkey
        join nation as a on s_nationkey = a.n_nationkey
        join nation as b on c_nationkey = b.n_nationkey
        where (a.n_name = 'FRANCE' and b.n_name = 'GERMANY')
            or (a.n_name = 'GERMANY' and b.n_name = 'FRANCE')
        group by 1, 2, 3 order by 1, 2, 3""",
    "returned items": """
        select c_custkey, c_name, sum(l_extendedprice), n_name
        from customer
        join orders on c_custkey = o_custkey
        join lineitem on l_orderkey = o_orderkey
        join nation on c_nationkey = n_nationkey
        where l_returnflag = 'R' and o_orderdate >= date '1993-10-01'
            and o_orderdate < date '1994-01-01'
        group by c_custkey, c_name, n_name order by 3 desc limit 20""",
    "stock by value": """
        select ps_partkey, sum(ps_supplycost * ps_availqty)
        from partsupp join supplier on ps_suppkey = s_suppkey
        join nation on s_nationkey = n_nationkey
        where n_name = 'GERMANY' group by ps_partkey
        having sum(ps_supplycost * ps_availqty) > (select sum(ps_availqty) from partsupp)
        order by 2 desc""",
    "ship modes": """
        select l_shipmode, count(*) filter (where o_orderpriority in ('1-URGENT', '2-HIGH'))
        from orders join lineitem on o_orderkey = l_orderkey
        where l_shipmode in ('MAIL', 'SHIP') and l_receiptdate >= date '1994-01-01'
            and l_receiptdate < date '1995-01-01' and l_shipdate < l_commitdate
        group by l_shipmode order by l_shipmode""",
    "customers without orders": """
        select orders_of_customer, count(*) from (
            select c_custkey, count(o_orderkey) as orders_of_customer
            from customer left join orders on c_custkey = o_custkey
                and o_comment not like '%special%requests%'
            group by c_custkey) as counted
        group by orders_of_customer order by 2 desc""",
    "promotion share": """
        select sum(case when p_type like 'PROMO%' then l_extendedprice end) / sum(l_extendedprice)
        from lineitem join part on l_partkey = p_partkey
        where l_shipdate >= date '1995-09-01' and l_shipdate < date '1995-10-01'""",
    "top supplier": """
        with revenue as (
            select l_suppkey, sum(l_extendedprice) as total from lineitem
            where l_shipdate >= date '1996-01-01' and l_shipdate < date '1996-04-01'
            group by l_suppkey)
        select s_suppkey, s_name, total from supplier join revenue on s_suppkey = l_suppkey
        where total = (select max(total) from revenue) order by s_suppkey""",
    "parts and suppliers": """
        select p_brand, p_type, p_size, count(distinct ps_suppkey)
        from partsupp join part on p_partkey = ps_partkey
        where p_brand <> 'Brand#45' and p_type not like 'MEDIUM POLISHED%'
            and p_size in (49, 14, 23, 45, 19, 3, 36, 9) and ps_suppkey not in (
                select s_suppkey from supplier where s_comment like '%Customer%Complaints%')
        group by 1, 2, 3 order by 4 desc""",
    "small quantities": """
        select sum(l_extendedprice) / 7 from lineitem join part on p_partkey = l_partkey
        where p_brand = 'Brand#23' and p_container = 'MED BOX'
            and l_quantity < (select 0.2 * avg(l_quantity) from lineitem
                where l_partkey = p_partkey)""",
    "big orders": """
        select c_name, o_orderkey, o_totalprice, sum(l_quantity)
        from customer join orders on c_custkey = o_custkey
        join lineitem on o_orderkey = l_orderkey
        where o_orderkey in (
            select l_orderkey from lineitem group by l_orderkey having sum(l_quantity) > 300)
        group by c_name, o_orderkey, o_totalprice order by o_totalprice desc limit 100""",
    "waiting suppliers": """
        select s_name, count(*) from supplier
        join lineitem as late on s_suppkey = late.l_suppkey
        join orders on o_orderkey = late.l_orderkey
        where o_orderstatus = 'F' and late.l_receiptdate > late.l_commitdate and not exists (
            select 1 from lineitem as other where other.l_orderkey = late.l_orderkey
                and other.l_suppkey <> late.l_suppkey and other.l_receiptdate > other.l_commitdate)
        group by s_name order by 2 desc limit 100""",
    "idle customers": """
        select left(c_phone, 2), count(*), sum(c_acctbal) from customer
        where left(c_phone, 2) in ('13', '31', '23')
            and c_acctbal > (select avg(c_acctbal) from customer where c_acctbal > 0)
            and not exists (select 1 from orders where o_custkey = c_custkey)
        group by 1 order by 1""",
    "one order": "select * from lineitem where l_orderkey = 4 order by l_linenumber",
    "orders of one customer": """
        select o_orderkey, o_orderdate, rank() over (order by o_totalprice desc)
        from orders where o_custkey = 370 order by o_orderdate desc limit 5""",
    "newest orders": "select * from orders order by o_orderdate desc limit 20",
    "end of the histogram": "select count(*) from lineitem where l_shipdate > date '1998-11-25'",
    "lines of parts": """
        select p_name, count(*) from part join lineitem on l_partkey = p_partkey
        where p_partkey between 100 and 120 group by p_name""",
    "two filters": """
        select count(*) from orders
        where o_orderdate between date '1996-01-01' and date '1996-01-31' and o_custkey < 500""",
    "union of years": """
        select 'early', sum(o_totalprice) from orders where o_orderdate < date '1992-03-01'
        union all
        select 'late', sum(o_totalprice) from orders where o_orderdate > date '1998-06-01'""",
}
"""Name -> SQL: joins, aggregates, ranges, subqueries, windows, limits and set operations."""
