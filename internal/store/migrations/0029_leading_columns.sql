-- A planner that knows nothing of a table yet cannot take these for the index of an id any more.
drop index deliveries_recipient;
create index deliveries_recipient on deliveries (recipient_domain, tenant_id, recipient_local, message_id);
drop index messages_header;
create index messages_header on messages (header_id, tenant_id);
