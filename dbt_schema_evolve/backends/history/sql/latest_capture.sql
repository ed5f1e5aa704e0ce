-- The newest capture of a warehouse that has rows in a table: a capture that could
-- not look must not hide what the one before it saw.
select c.capture_number
from captures as c
where c.warehouse = $warehouse
    and c.capture_number in (select p.capture_number from {table} as p)
order by c.captured_at desc, c.capture_id desc
limit 1
