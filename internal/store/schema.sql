-- The schema after all migrations, written by go test -run TestSchema -update.

CREATE TABLE attempts (
  id text primary key,
  tenant_id text not null,
  delivery_id text not null,
  number bigint not null,
  outcome text not null,
  unique (delivery_id, number),
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);

CREATE TABLE body_chunks (
  tenant_id text not null,
  message_id text not null,
  number bigint not null,
  data bytea not null,
  primary key (message_id, number),
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);

CREATE TABLE checks (
  id text primary key,
  tenant_id text not null,
  domain_id text not null,
  checked_at bigint not null,
  verdict text not null,
  records text not null,
  findings text not null,
  observation text not null, dns_host text not null default '',
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE INDEX checks_domain on checks (tenant_id, domain_id, id);

CREATE TABLE credentials (
  id text primary key,
  tenant_id text references tenants (id),
  kind text not null,
  label text not null,
  secret_hash bytea not null unique,
  created_at bigint not null,
  revoked_at bigint not null
, class text not null default '');

CREATE INDEX credentials_tenant on credentials (tenant_id, id);

CREATE TABLE deliveries (
  id text primary key,
  tenant_id text not null,
  message_id text not null,
  recipient_local text not null,
  recipient_domain text not null,
  return_local text not null,
  return_domain text not null,
  state text not null,
  attempts bigint not null,
  due_at bigint not null,
  queued_at bigint not null,
  expires_at bigint not null,
  last_outcome text not null,
  lease_owner text not null,
  leased_until bigint not null,
  unique (tenant_id, id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);

CREATE INDEX deliveries_due on deliveries (due_at, id) where state in ('accepted', 'deferred');

CREATE INDEX deliveries_leased on deliveries (lease_owner) where lease_owner <> '';

CREATE INDEX deliveries_message on deliveries (message_id, id);

CREATE INDEX deliveries_waiting on deliveries (tenant_id, id) where state in ('accepted', 'deferred');

CREATE TABLE dkim_keys (
  id text primary key,
  tenant_id text references tenants (id),
  domain_id text,
  domain_name text not null,
  selector text not null,
  algorithm text not null,
  public text not null,
  state text not null,
  sealed bytea,
  created_at bigint not null,
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE UNIQUE INDEX dkim_keys_platform on dkim_keys (domain_name, selector) where domain_id is null;

CREATE UNIQUE INDEX dkim_keys_selector on dkim_keys (domain_id, selector);

CREATE TABLE domains (
  id text primary key,
  tenant_id text not null references tenants (id),
  name text not null,
  state text not null,
  token text not null unique,
  shape text not null,
  shapes text not null,
  return_path text not null,
  root_spf boolean not null,
  report_address text not null,
  registered_at bigint not null,
  verified_at bigint not null,
  at_risk_at bigint not null,
  failed_checks bigint not null,
  notices bigint not null,
  checked_at bigint not null,
  next_check_at bigint not null,
  changed_at bigint not null,
  leased_until bigint not null,
  deleted_at bigint not null, cause text not null default '', planned_at bigint not null default 0, entered_at bigint not null default 0, connected_at bigint not null default 0,
  unique (tenant_id, id)
);

CREATE INDEX domains_due on domains (next_check_at) where deleted_at = 0;

CREATE INDEX domains_name on domains (name) where deleted_at = 0;

CREATE UNIQUE INDEX domains_tenant_name on domains (tenant_id, name) where deleted_at = 0;

CREATE TABLE events (
  id text primary key,
  tenant_id text not null references tenants (id),
  kind text not null,
  happened_at bigint not null,
  domain_id text not null,
  message_id text not null,
  delivery_id text not null,
  data text not null
);

CREATE INDEX events_tenant on events (tenant_id, id);

CREATE TABLE idempotency_keys (
  tenant_id text not null,
  name text not null,
  request_hash bytea not null,
  message_id text not null,
  used_at bigint not null,
  primary key (tenant_id, name),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) deferrable initially deferred
);

CREATE TABLE master_key (
  one integer primary key check (one = 1),
  sealed bytea not null
);

CREATE TABLE messages (
  id text primary key,
  tenant_id text not null,
  domain_id text not null,
  credential_id text not null,
  from_local text not null,
  from_domain text not null,
  subject text not null,
  header_id text not null,
  size bigint not null,
  accepted_at bigint not null,
  expires_at bigint not null, class text not null default 'transactional',
  unique (tenant_id, id),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE TABLE migrations (version bigint primary key, name text not null);

CREATE TABLE nodes (
  owner text primary key,
  alive_until bigint not null
);

CREATE TABLE policies (
  tenant_id text primary key,
  policy text not null
);

CREATE TABLE returned (
  id text primary key,
  tenant_id text not null references tenants (id),
  kind text not null,
  domain_id text,
  delivery_id text,
  remote text not null,
  raw bytea not null,
  received_at bigint not null,
  foreign key (tenant_id, domain_id) references domains (tenant_id, id),
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);

CREATE INDEX returned_delivery on returned (delivery_id);

CREATE TABLE suppressions (
  id text primary key,
  tenant_id text not null references tenants (id),
  address_local text not null,
  address_domain text not null,
  folded text not null,
  reason text not null,
  evidence text not null,
  message_id text not null,
  created_at bigint not null,
  unique (tenant_id, folded)
);

CREATE INDEX suppressions_tenant on suppressions (tenant_id, id);

CREATE TABLE tenants (
  id text primary key,
  name text not null,
  state text not null,
  created_at bigint not null
);

CREATE TABLE zone (
  one integer primary key check (one = 1),
  serial bigint not null
);
