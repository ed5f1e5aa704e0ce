"""The source tables as the EL tool leaves them, and which rows of TPC-H go into each."""

from datetime import date

FIRST_ORDER = date(1992, 1, 1)
LAST_ORDER = date(1998, 8, 2)

# The ERP exports its document and customer numbers as numeric. The EL tool keeps a primary key
# only where the ERP declared one.
CREATE = """
create schema if not exists tpch_raw;

create table if not exists tpch_raw.load_batches (
    batch date primary key,
    orders integer,
    lineitems integer
);
create table if not exists tpch_raw.region (
    r_regionkey integer primary key,
    r_name text not null,
    r_comment text
);
create table if not exists tpch_raw.nation (
    n_nationkey integer primary key,
    n_name text not null,
    n_regionkey integer not null,
    n_comment text
);
create table if not exists tpch_raw.customer (
    c_custkey numeric(18, 0) primary key,
    c_name text not null,
    c_address text,
    c_nationkey integer,
    c_phone text,
    c_acctbal numeric(12, 2),
    c_mktsegment text,
    c_comment text
);
create table if not exists tpch_raw.supplier (
    s_suppkey integer,
    s_name text,
    s_address text,
    s_nationkey integer,
    s_phone text,
    s_acctbal numeric(12, 2),
    s_comment text
);
create table if not exists tpch_raw.part (
    p_partkey integer primary key,
    p_name text not null,
    p_mfgr text,
    p_brand text,
    p_type text,
    p_size integer,
    p_container text,
    p_retailprice numeric(12, 2),
    p_comment text
);
create table if not exists tpch_raw.partsupp (
    ps_partkey integer,
    ps_suppkey integer,
    ps_availqty integer,
    ps_supplycost numeric(12, 2),
    ps_comment text
);
create table if not exists tpch_raw.orders (
    o_orderkey numeric(18, 0),
    o_custkey numeric(18, 0),
    o_orderstatus text,
    o_totalprice numeric(12, 2),
    o_orderdate date,
    o_orderpriority text,
    o_clerk text,
    o_shippriority integer,
    o_comment text,
    _synced_on date
);
create table if not exists tpch_raw.lineitem (
    l_orderkey numeric(18, 0),
    l_partkey integer,
    l_suppkey integer,
    l_linenumber integer,
    l_quantity numeric(12, 2),
    l_extendedprice numeric(12, 2),
    l_discount numeric(12, 2),
    l_tax numeric(12, 2),
    l_returnflag text,
    l_linestatus text,
    l_shipdate date,
    l_commitdate date,
    l_receiptdate date,
    l_shipinstruct text,
    l_shipmode text,
    l_comment text,
    _synced_on date
);
"""

REFERENCES = {
    "region": "select * from '{files}/region.parquet'",
    "nation": "select * from '{files}/nation.parquet'",
    "customer": "select * from '{files}/customer.parquet'",
    "supplier": "select * from '{files}/supplier.parquet'",
    "part": "select * from '{files}/part.parquet'",
    # Stock is kept of the small parts: a fifth of them. All of it would outweigh the rest together.
    "partsupp": (
        "select stock.* from '{files}/partsupp.parquet' as stock"
        " semi join (select p_partkey from '{files}/part.parquet' where p_size <= 10) as small"
        " on stock.ps_partkey = small.p_partkey"
    ),
}

FACTS = {
    "orders": (
        "select *, o_orderdate as batch from '{files}/orders.parquet'"
        " where o_orderdate >= date '{begin}' and o_orderdate < date '{end}'"
        " order by batch, o_orderkey"
    ),
    "lineitem": (
        "select lines.*, orders.o_orderdate as batch from '{files}/lineitem.parquet' as lines"
        " join '{files}/orders.parquet' as orders on orders.o_orderkey = lines.l_orderkey"
        " where orders.o_orderdate >= date '{begin}' and orders.o_orderdate < date '{end}'"
        " order by batch, l_orderkey, l_linenumber"
    ),
}
"""Each with a last column `batch`, the day on which the row arrives."""
