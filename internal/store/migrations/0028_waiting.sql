-- What waits is summed up from its index alone.
drop index deliveries_waiting;
create index deliveries_waiting on deliveries (tenant_id, id, recipient_domain, state, queued_at, due_at) where state in ('accepted', 'deferred');
