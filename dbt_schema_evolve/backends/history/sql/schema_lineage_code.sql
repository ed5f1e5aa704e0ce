-- What a node's file says, as a digest; null in states that were kept before it was.
alter table lineage_nodes add column if not exists code_digest varchar;
