-- People look for mail by its recipient and by what became of it.
create index deliveries_recipient on deliveries (tenant_id, recipient_domain, recipient_local, message_id);
create index deliveries_trouble on deliveries (tenant_id, state, message_id) where state in ('held', 'deferred', 'bounced', 'expired', 'suppressed');
create index messages_header on messages (tenant_id, header_id);
