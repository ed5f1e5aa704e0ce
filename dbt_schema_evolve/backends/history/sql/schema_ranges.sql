-- How far the values of a column reach. What is null in `is_exact` was not looked at.
alter table column_profiles add column if not exists value_bits integer;
alter table column_profiles add column if not exists highest_value bigint;
alter table column_profiles add column if not exists is_exact boolean;
alter table column_profiles add column if not exists greatest_length integer;
alter table column_profiles add column if not exists sequence_value bigint;
alter table column_profiles add column if not exists sequence_limit bigint;
alter table column_profiles add column if not exists sequence_cycles boolean;
alter table column_profiles add column if not exists referenced_schema varchar;
alter table column_profiles add column if not exists referenced_relation varchar;
alter table column_profiles add column if not exists referenced_column varchar;
