{#- The lowest and highest value of integer keys that an index starts with, and where sequences stand: read from
    the ends, which costs a descent each, biggest relations first, within two seconds. Each look at a table is rolled back at once,
    so that no lock on it stays. Nothing is written: the next step finds it in a setting. -#}
{% macro _capture_key_ends(schema) %}
  {%- set declare %}
  key record;
  deadline constant timestamptz := clock_timestamp() + interval '2 s';
  lowest text;
  highest text;
  ends jsonb[] := '{}';
  sequences jsonb;
  late bigint := 0;
  {%- endset -%}
  {%- set body %}
    begin
      with {{ schema_evolve._profiled_relations(schema) }},
      draws as (
        -- What a default draws from; what the column owns, as identity columns do.
        select d.adrelid as relid, d.adnum as attnum, u.refobjid as sequence, 1 as rank
        from pg_attrdef as d
        join pg_depend as u on u.classid = 'pg_attrdef'::regclass and u.objid = d.oid and u.refclassid = 'pg_class'::regclass
        union all
        select u.refobjid, u.refobjsubid, u.objid, 2
        from pg_depend as u
        where u.classid = 'pg_class'::regclass
          and u.refclassid = 'pg_class'::regclass
          and u.refobjsubid > 0
          and u.deptype in ('a', 'i')
      ),
      feeding as (
        select distinct on (d.relid, d.attnum)
          d.relid,
          d.attnum,
          s.seqrelid,
          s.seqmax,
          s.seqcycle,
          p.relpages
        from draws as d
        join profiled as p on p.oid = d.relid
        join pg_class as c on c.oid = d.relid and not c.relispartition
        join pg_sequence as s on s.seqrelid = d.sequence and s.seqincrement > 0
        where has_sequence_privilege(s.seqrelid, 'usage, select')
          and not exists (
            select
            from pg_locks as l
            where l.locktype = 'relation'
              and l.relation = s.seqrelid
              and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
              and l.database = (select oid from pg_database where datname = current_database())
              and l.pid <> pg_backend_pid()
          )
        order by d.relid, d.attnum, d.rank, s.seqrelid
      ),
      -- To look takes a lock a sequence, up to the end of the capture, and the server has room for thousands.
      looked_at as (
        select *
        from feeding
        order by relpages desc, relid, attnum
        limit 1000
      )
      select /* schema_evolve */ jsonb_agg(jsonb_build_object(
        'relid', relid::bigint,
        'attnum', attnum,
        'value', pg_sequence_last_value(seqrelid),
        'greatest', seqmax,
        'cycles', seqcycle
      ))
      into sequences
      from looked_at;
    exception when others then
      skips := skips || jsonb_build_object('what', 'sequences', 'why', sqlerrm);
    end;
    perform /* schema_evolve */ set_config('schema_evolve.sequences', coalesce(sequences, '[]')::text, true);

    for key in
      with {{ schema_evolve._profiled_relations(schema) }},
      {{ schema_evolve._key_columns() }}
      select /* schema_evolve */
        p.oid,
        p.schema_name,
        p.relation_name,
        a.attnum,
        a.attname
      from key_columns as k
      join profiled as p on p.oid = k.relid and p.relkind in ('r', 'm') and not p.is_locked
      join pg_attribute as a on a.attrelid = k.relid and a.attnum = k.attnum
      where not row_security_active(p.oid)
        and has_column_privilege(p.oid, a.attnum, 'select')
        and exists (
          select
          from pg_index as i
          join pg_class as c on c.oid = i.indexrelid
          join pg_am as m on m.oid = c.relam and m.amname = 'btree'
          join pg_opclass as o on o.oid = i.indclass[0] and o.opcdefault
          where i.indrelid = p.oid
            and i.indkey[0] = a.attnum
            and i.indisvalid
            and i.indpred is null
            and not exists (select from locked where locked.oid = i.indexrelid)
        )
      order by p.relpages desc, p.schema_name, p.relation_name, a.attnum
    loop
      if clock_timestamp() > deadline then
        late := late + 1;
        continue;
      end if;
      lowest := null;
      highest := null;
      begin
        execute format(
          'select /* schema_evolve */ min(%1$I)::text, max(%1$I)::text from only %2$I.%3$I',
          key.attname, key.schema_name, key.relation_name
        )
        into lowest, highest;
        raise exception using errcode = 'SE000';
      exception
        when sqlstate 'SE000' then null;
        when others then late := late + 1;
      end;
      if highest is not null then
        ends := ends || jsonb_build_object(
          'relid', key.oid::bigint, 'attnum', key.attnum, 'lowest', lowest, 'highest', highest
        );
        written := written + 1;
      end if;
    end loop;
    perform /* schema_evolve */ set_config('schema_evolve.key_ends', to_jsonb(ends)::text, true);
    if late > 0 then
      skips := skips || jsonb_build_object(
        'what', format('ends of %s keys', late),
        'why', 'reading the others took 2 s, or these could not be read; samples stand in'
      );
    end if;
  {%- endset -%}
  {{ return(schema_evolve._capture_step(schema, 'ends of keys', body, declare)) }}
{% endmacro %}


{#- A CTE, to stand after those of _profiled_relations: `key_columns`, the columns whose values are names that
    somebody counted up, not measures: fed by a sequence, in a primary key, or on either side of a foreign key. -#}
{% macro _key_columns() %}
      key_columns as (
        select k.relid, k.attnum
        from (
          select s.relid, s.attnum
          from jsonb_to_recordset(current_setting('schema_evolve.sequences')::jsonb) as s (relid oid, attnum int2)
          union
          select c.conrelid, unnest(c.conkey)
          from pg_constraint as c
          where c.contype in ('p', 'f')
          union
          select c.confrelid, unnest(c.confkey)
          from pg_constraint as c
          where c.contype = 'f'
        ) as k
        join pg_class as c on c.oid = k.relid
        join pg_attribute as a on a.attrelid = k.relid and a.attnum = k.attnum
        where capture ->> 'key_values' = 'true'
          -- Of a partitioned table the whole counts.
          and not c.relispartition
          and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
      )
{%- endmacro %}
