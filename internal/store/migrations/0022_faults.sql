-- The operator sees what failed lately: faults of ours, and what befell tenants.
create table faults (
  day bigint not null,
  node text not null,
  room text not null,
  said text not null,
  err text not null,
  first_at bigint not null,
  last_at bigint not null,
  count bigint not null,
  primary key (day, node, room, said)
);
create index faults_last on faults (last_at);
create index events_mishap on events (kind, happened_at, id) where kind in ('domain.at_risk', 'domain.suspended', 'tracking.at_risk',
  'tracking.suspended', 'tracking.expired', 'certificate.failed', 'certificate.expiring', 'webhook.disabled', 'audit.failed');
