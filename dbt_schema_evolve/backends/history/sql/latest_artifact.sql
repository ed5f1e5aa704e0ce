select
    kind,
    invocation_id,
    generated_at,
    content
from artifacts
where warehouse = $warehouse
    and kind = $kind
order by generated_at desc, invocation_id desc, sha256
limit 1
