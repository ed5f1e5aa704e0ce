-- The little shop that the golden cases of lineage are about.
create schema shop;
create type shop.mood as enum ('good', 'it''s bad');
create type shop.box as (width integer, height integer);
create table shop.staff (id integer primary key, boss_id integer, name text, salary numeric);
create table shop.parcels (
  id integer, size shop.box, codes integer[], labels text[], doc jsonb, form xml, during tsrange
);
create table shop.customers (
  id integer primary key, name text, email text, country varchar(2), born date, vip boolean,
  address jsonb, tags text[], mood shop.mood
);
create table shop.orders (
  id bigint primary key, customer_id integer, status text, ordered_at timestamptz,
  amount numeric(12, 2), note text, ref uuid
);
create table shop.items (
  order_id bigint, line integer, product_id integer, quantity integer, price numeric(12, 2)
);
create table shop.products (id integer primary key, name text, category varchar(30), weight float);
create table shop."Odd Tablé" ("Id" integer, "select" text, "Größe.cm" numeric, "say ""hi""" text);
create view shop.open_orders as
  select id, customer_id, ordered_at, amount as total from shop.orders where status = 'open';
create view shop.customer_orders as
  select c.name as customer, c.country, o.id as order_id, o.total, o.ordered_at
  from shop.customers c join shop.open_orders o on o.customer_id = c.id;
create view shop.category_revenue as
  select p.category, sum(i.price * i.quantity) as revenue, count(*) as sold
  from shop.items i join shop.products p on p.id = i.product_id group by p.category;
create view shop.all_names as
  select id, name from shop.customers union all select id, name from shop.products;
create materialized view shop.daily as
  select ordered_at::date as day, sum(amount) as amount from shop.orders group by 1;
