insert into artifacts
values ($warehouse, $kind, $invocation_id, $sha256, $generated_at, $content)
on conflict do nothing
returning kind
