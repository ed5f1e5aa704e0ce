-- The indexes of every relation that there is, each from the newest capture that could look at
-- that relation: where another transaction held it locked, its sizes are null.
with ranked as (
    select
        r.schema_name,
        r.relation_name,
        r.capture_number,
        row_number() over (
            partition by r.schema_name, r.relation_name
            order by c.captured_at desc, c.capture_id desc
        ) as age
    from relation_profiles as r
    inner join captures as c
        on r.capture_number = c.capture_number
    where c.warehouse = $warehouse
        and r.index_bytes is not null
        and exists (
            select 1
            from relation_profiles as latest
            where latest.capture_number = $latest
                and latest.schema_name = r.schema_name
                and latest.relation_name = r.relation_name
        )
)

select
    c.captured_at,
    i.* exclude (capture_number)
from index_profiles as i
inner join ranked as k
    on i.capture_number = k.capture_number
    and i.schema_name = k.schema_name
    and i.relation_name = k.relation_name
    and k.age = 1
inner join captures as c
    on i.capture_number = c.capture_number
order by i.schema_name, i.relation_name, i.index_name
