-- SQLite makes a table of a list longer than two for every row that it tests, so no index has one in its condition.
drop index deliveries_trouble;
create index deliveries_trouble on deliveries (tenant_id, state, message_id) where state <> 'accepted' and state <> 'delivered';
drop index events_mishap;
create index events_mishap on events (kind, happened_at, id) where
  kind = 'domain.at_risk' or kind = 'domain.suspended' or kind = 'tracking.at_risk' or
  kind = 'tracking.suspended' or kind = 'tracking.expired' or kind = 'certificate.failed' or
  kind = 'certificate.expiring' or kind = 'webhook.disabled' or kind = 'audit.failed';
