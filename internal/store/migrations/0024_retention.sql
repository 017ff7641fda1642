-- What is old is removed, tenant by tenant, and bodies from a message on.
alter table tenants add column purge_at bigint not null default 0;
alter table tenants add column bodies_gone text not null default '';
create index tenants_purge on tenants (purge_at);
-- Whoever removes a row has to see that none refers to it.
create index notifications_event on notifications (event_id);
create index idempotency_keys_message on idempotency_keys (tenant_id, message_id);
