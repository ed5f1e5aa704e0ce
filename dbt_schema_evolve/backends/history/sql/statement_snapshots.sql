select
    c.capture_id,
    c.captured_at,
    s.queryid,
    s.role,
    s.toplevel,
    s.text_number,
    s.calls,
    s.total_us,
    s.rows,
    s.shared_blocks,
    s.temp_blocks,
    s.stats_since
from statement_snapshots as s
inner join captures as c
    on s.capture_number = c.capture_number
where c.warehouse = $warehouse
    and c.captured_at >= coalesce($since::timestamp, c.captured_at)
order by s.queryid, s.role, s.toplevel, c.captured_at, c.capture_id
