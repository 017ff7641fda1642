-- What is old is removed: when a tenant's is looked at next, and the last message
-- whose body was looked at.
alter table tenants add column purge_at bigint not null default 0;
alter table tenants add column bodies_gone text not null default '';
create index tenants_purge on tenants (purge_at);
-- Whoever removes a row has to see that none refers to it.
create index notifications_event on notifications (event_id);
create index idempotency_keys_message on idempotency_keys (tenant_id, message_id);
