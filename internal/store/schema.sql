-- The schema after all migrations, written by go test -run TestSchema -update.

CREATE TABLE acme_accounts (
  directory text primary key,
  sealed bytea not null,
  created_at bigint not null
);

CREATE TABLE attempts (
  id text primary key,
  tenant_id text not null,
  delivery_id text not null,
  number bigint not null,
  outcome text not null,
  unique (delivery_id, number),
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);

CREATE TABLE audit (
  tenant_id text not null,
  number bigint not null,
  id text not null unique,
  happened_at bigint not null,
  actor text not null,
  operation text not null,
  object text not null,
  address text not null,
  data text not null,
  hash bytea not null,
  primary key (tenant_id, number)
);

CREATE TABLE audit_heads (
  tenant_id text primary key,
  number bigint not null,
  hash bytea not null
);

CREATE TABLE body_chunks (
  tenant_id text not null,
  message_id text not null,
  number bigint not null,
  data bytea not null,
  primary key (message_id, number),
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);

CREATE TABLE certificates (
  id text primary key,
  tenant_id text,
  tracking_id text unique,
  host text not null,
  serial text not null,
  issuer text not null,
  not_before bigint not null,
  not_after bigint not null,
  renew_at bigint not null,
  warn_at bigint not null,
  warned_at bigint not null,
  due_at bigint not null,
  orders text not null,
  failures bigint not null,
  failure text not null,
  explanation text not null,
  chain bytea,
  sealed bytea,
  lease_owner text not null,
  leased_until bigint not null,
  foreign key (tenant_id, tracking_id) references tracking_domains (tenant_id, id)
);

CREATE INDEX certificates_due on certificates (due_at);

CREATE UNIQUE INDEX certificates_platform on certificates (host) where tracking_id is null;

CREATE TABLE challenges (
  certificate_id text not null references certificates (id),
  kind text not null,
  host text not null,
  name text not null,
  token text not null,
  value text not null,
  made_at bigint not null,
  primary key (certificate_id, kind, host, token, value)
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

CREATE TABLE confirmation_addresses (
  folded text primary key,
  blocked_until bigint not null
);

CREATE TABLE confirmations (
  id text primary key,
  tenant_id text not null references tenants (id),
  sender_id text not null,
  address_local text not null,
  address_domain text not null,
  folded text not null,
  token_hash bytea not null unique,
  code text not null,
  asked_from text not null,
  asked_at bigint not null,
  expires_at bigint not null,
  tries bigint not null,
  ending text not null,
  ended_at bigint not null
);

CREATE INDEX confirmations_folded on confirmations (folded, asked_at);

CREATE INDEX confirmations_open on confirmations (expires_at) where ending = '';

CREATE INDEX confirmations_sender on confirmations (tenant_id, sender_id, id);

CREATE TABLE credentials (
  id text primary key,
  tenant_id text references tenants (id),
  kind text not null,
  label text not null,
  secret_hash bytea not null unique,
  created_at bigint not null,
  revoked_at bigint not null
, class text not null default '', role text not null default 'administrator');

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
  leased_until bigint not null, route text not null default 'delivery', hold text not null default '', notify boolean not null default false, probe text not null default '', class text not null default '', pool text not null default '', queue text not null default '', crashes bigint not null default 0, terms text not null default '{}', attempt_id text not null default '', attempt_number bigint not null default 0, attempt_outcome text not null default '',
  unique (tenant_id, id),
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);

CREATE INDEX deliveries_crashed on deliveries (due_at, id) where crashes > 0 and state in ('accepted', 'deferred');

CREATE INDEX deliveries_due on deliveries (due_at, id) where state in ('accepted', 'deferred') and queue = '';

CREATE INDEX deliveries_held on deliveries (expires_at, id) where state = 'held';

CREATE INDEX deliveries_leased on deliveries (lease_owner) where lease_owner <> '';

CREATE INDEX deliveries_message on deliveries (message_id, id);

CREATE INDEX deliveries_queue on deliveries (queue, due_at, id) where state in ('accepted', 'deferred') and queue <> '';

CREATE INDEX deliveries_queue_end on deliveries (expires_at, id) where state in ('accepted', 'deferred') and queue <> '';

CREATE INDEX deliveries_recipient on deliveries (recipient_domain, tenant_id, recipient_local, message_id);

CREATE INDEX deliveries_standing on deliveries (tenant_id, id) where state = 'held' and hold = 'standing';

CREATE INDEX deliveries_trouble on deliveries (tenant_id, state, message_id) where state <> 'accepted' and state <> 'delivered';

CREATE INDEX deliveries_waiting on deliveries (tenant_id, id, recipient_domain, state, queued_at, due_at) where state in ('accepted', 'deferred');

CREATE INDEX deliveries_withheld on deliveries (tenant_id, recipient_domain) where state = 'held' and hold = 'suppressed';

CREATE TABLE delivery_hours (
  tenant_id text not null references tenants (id),
  hour bigint not null,
  delivered bigint not null,
  deferred bigint not null,
  bounced bigint not null,
  expired bigint not null,
  suppressed bigint not null,
  primary key (tenant_id, hour)
);

CREATE INDEX delivery_hours_hour on delivery_hours (hour);

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
  deleted_at bigint not null, cause text not null default '', planned_at bigint not null default 0, entered_at bigint not null default 0, connected_at bigint not null default 0, default_from text not null default '',
  unique (tenant_id, id)
);

CREATE INDEX domains_due on domains (next_check_at) where deleted_at = 0;

CREATE INDEX domains_name on domains (name) where deleted_at = 0;

CREATE UNIQUE INDEX domains_tenant_name on domains (tenant_id, name) where deleted_at = 0;

CREATE INDEX domains_trouble on domains (state, registered_at, id) where deleted_at = 0 and state <> 'verified';

CREATE TABLE event_counters (
  tenant_id text primary key references tenants (id),
  last bigint not null,
  webhooks bigint not null
);

CREATE TABLE events (
  id text primary key,
  tenant_id text not null references tenants (id),
  kind text not null,
  happened_at bigint not null,
  domain_id text not null,
  message_id text not null,
  delivery_id text not null,
  data text not null
, number bigint not null default 0);

CREATE INDEX events_mishap on events (kind, happened_at, id) where
  kind = 'domain.at_risk' or kind = 'domain.suspended' or kind = 'tracking.at_risk' or
  kind = 'tracking.suspended' or kind = 'tracking.expired' or kind = 'certificate.failed' or
  kind = 'certificate.expiring' or kind = 'webhook.disabled' or kind = 'audit.failed';

CREATE UNIQUE INDEX events_number on events (tenant_id, number);

CREATE TABLE faults (
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

CREATE INDEX faults_last on faults (last_at);

CREATE TABLE former_keys (
  tenant_id text not null,
  domain_id text not null,
  selector text not null,
  algorithm text not null,
  public text not null,
  replaced_at bigint not null,
  primary key (tenant_id, domain_id, selector, replaced_at),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE TABLE idempotency_keys (
  tenant_id text not null,
  name text not null,
  request_hash bytea not null,
  message_id text not null,
  used_at bigint not null,
  primary key (tenant_id, name),
  foreign key (tenant_id, message_id) references messages (tenant_id, id) deferrable initially deferred
);

CREATE INDEX idempotency_keys_message on idempotency_keys (tenant_id, message_id);

CREATE TABLE link_keys (
  label text primary key,
  public bytea not null,
  sealed bytea not null,
  created_at bigint not null
);

CREATE TABLE list_audit_findings (
  audit_id text not null,
  tenant_id text not null,
  number bigint not null,
  verdict text not null,
  address text not null,
  cause text not null,
  evidence text not null,
  suggestion text not null,
  primary key (audit_id, number),
  foreign key (tenant_id, audit_id) references list_audits (tenant_id, id)
);

CREATE INDEX list_audit_findings_verdict on list_audit_findings (audit_id, verdict, number);

CREATE TABLE list_audits (
  id text primary key,
  tenant_id text not null references tenants (id),
  title text not null,
  class text not null,
  state text not null,
  progress text not null,
  summary text not null,
  reason text not null,
  begun_by text not null,
  batch text not null,
  accepted text not null,
  accepted_at bigint not null,
  passed boolean not null,
  created_at bigint not null,
  updated_at bigint not null,
  finished_at bigint not null,
  unique (tenant_id, id)
);

CREATE INDEX list_audits_passed on list_audits (tenant_id, class) where passed;

CREATE TABLE master_key (
  one integer primary key check (one = 1),
  sealed bytea not null
);

CREATE TABLE members (
  id text primary key,
  tenant_id text references tenants (id),
  email_local text not null,
  email_domain text not null,
  folded text not null unique,
  name text not null,
  language text not null,
  role text not null,
  password text not null,
  totp bytea not null,
  totp_step bigint not null,
  recovery text not null,
  passkeys text not null,
  subject text not null,
  created_at bigint not null
);

CREATE UNIQUE INDEX members_subject on members (coalesce(tenant_id, ''), subject) where subject <> '';

CREATE INDEX members_tenant on members (tenant_id, id);

CREATE TABLE messages (
  id text primary key,
  tenant_id text not null,
  domain_id text,
  credential_id text not null,
  from_local text not null,
  from_domain text not null,
  subject text not null,
  header_id text not null,
  size bigint not null,
  accepted_at bigint not null,
  expires_at bigint not null, class text not null default 'transactional', sender_id text not null default '', basis text not null default 'domain',
  unique (tenant_id, id),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE INDEX messages_header on messages (header_id, tenant_id);

CREATE TABLE migrations (version bigint primary key, name text not null);

CREATE TABLE nodes (
  owner text primary key,
  alive_until bigint not null
, name text not null default '');

CREATE TABLE notices (
  delivery_id text primary key,
  tenant_id text not null,
  message_id text not null,
  due_at bigint not null, kind text not null default 'failed',
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);

CREATE INDEX notices_due on notices (due_at, message_id);

CREATE TABLE notifications (
  tenant_id text not null,
  webhook_id text not null,
  event_id text not null references events (id),
  state text not null,
  attempts bigint not null,
  due_at bigint not null,
  queued_at bigint not null,
  response text not null,
  primary key (webhook_id, event_id),
  foreign key (tenant_id, webhook_id) references webhooks (tenant_id, id) on delete cascade
);

CREATE INDEX notifications_due on notifications (webhook_id, due_at) where state = 'due';

CREATE INDEX notifications_event on notifications (event_id);

CREATE TABLE platform_hours (
  hour bigint primary key,
  delivered bigint not null,
  deferred bigint not null,
  bounced bigint not null,
  expired bigint not null,
  suppressed bigint not null
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

CREATE TABLE senders (
  id text primary key,
  tenant_id text not null references tenants (id),
  label text not null,
  address_local text not null,
  address_domain text not null,
  folded text not null,
  name text not null,
  reply_to text not null,
  confirmed_at bigint not null,
  created_at bigint not null,
  changed_at bigint not null, look_at bigint not null default 0, look_policy text not null default '', at_risk_at bigint not null default 0, refused_at bigint not null default 0,
  unique (tenant_id, id),
  unique (tenant_id, label),
  unique (tenant_id, folded)
);

CREATE UNIQUE INDEX senders_confirmed on senders (folded) where confirmed_at > 0;

CREATE INDEX senders_look on senders (look_at) where confirmed_at > 0;

CREATE TABLE sent_days (
  source text not null,
  site text not null,
  day bigint not null,
  messages bigint not null,
  primary key (source, site, day)
);

CREATE TABLE sessions (
  id text primary key,
  tenant_id text not null,
  member_id text not null references members (id),
  secret_hash bytea not null unique,
  half boolean not null,
  provider boolean not null,
  address text not null,
  agent text not null,
  created_at bigint not null,
  seen_at bigint not null,
  confirmed_at bigint not null,
  expires_at bigint not null
);

CREATE INDEX sessions_expiry on sessions (expires_at);

CREATE INDEX sessions_member on sessions (tenant_id, member_id);

CREATE TABLE share_links (
  id text primary key,
  tenant_id text not null,
  domain_id text not null,
  token_hash bytea not null unique,
  recipient text not null,
  language text not null,
  created_by text not null,
  created_at bigint not null,
  expires_at bigint not null,
  revoked_at bigint not null,
  opened_at bigint not null,
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);

CREATE INDEX share_links_domain on share_links (tenant_id, domain_id, id);

CREATE TABLE sign_in_rules (
  tenant_id text primary key,
  second_factor boolean not null,
  issuer text not null,
  client_id text not null,
  client_secret bytea not null,
  provider_only boolean not null,
  changed_at bigint not null
);

CREATE TABLE site_states (
  node text not null,
  site text not null,
  route text not null,
  pool text not null,
  source text not null,
  document text not null,
  reported_at bigint not null,
  resume boolean not null, name text not null default '',
  primary key (node, site, route, pool, source)
);

CREATE TABLE standing_holds (
  id text primary key,
  tenant_id text not null,
  recipient_domain text not null,
  message_id text not null,
  reason text not null,
  operator boolean not null,
  made_at bigint not null,
  lifted_at bigint not null
);

CREATE INDEX standing_holds_tenant on standing_holds (tenant_id, id);

CREATE TABLE "suppressions" (
  id text primary key,
  tenant_id text not null references tenants (id),
  address_local text not null,
  address_domain text not null,
  folded text not null,
  class text not null,
  reason text not null,
  evidence text not null,
  message_id text not null,
  delivery_id text not null,
  returned_id text not null,
  batch text not null,
  created_at bigint not null,
  expires_at bigint not null,
  probe_at bigint not null,
  probe_after bigint not null,
  probe text not null,
  removed_at bigint not null,
  removed text not null
);

CREATE INDEX suppressions_batch on suppressions (tenant_id, batch) where batch <> '' and removed_at = 0;

CREATE UNIQUE INDEX suppressions_standing on suppressions (tenant_id, folded, class) where removed_at = 0;

CREATE INDEX suppressions_tenant on suppressions (tenant_id, id);

CREATE TABLE tenants (
  id text primary key,
  name text not null,
  state text not null,
  created_at bigint not null
, purge_at bigint not null default 0, bodies_gone text not null default '');

CREATE INDEX tenants_purge on tenants (purge_at);

CREATE TABLE tickets (
  id text primary key,
  purpose text not null,
  tenant_id text not null,
  member_id text not null,
  token_hash bytea not null unique,
  email_local text not null,
  email_domain text not null,
  role text not null,
  invited_by text not null,
  data bytea not null,
  created_at bigint not null,
  expires_at bigint not null
);

CREATE INDEX tickets_expiry on tickets (expires_at);

CREATE INDEX tickets_tenant on tickets (tenant_id, purpose, id);

CREATE TABLE tracking_checks (
  id text primary key,
  tenant_id text not null,
  tracking_id text not null,
  checked_at bigint not null,
  verdict text not null,
  records text not null,
  findings text not null,
  dns_host text not null,
  observation text not null,
  foreign key (tenant_id, tracking_id) references tracking_domains (tenant_id, id)
);

CREATE INDEX tracking_checks_domain on tracking_checks (tenant_id, tracking_id, id);

CREATE TABLE tracking_domains (
  id text primary key,
  tenant_id text not null references tenants (id),
  name text not null,
  way text not null,
  state text not null,
  token text not null unique,
  aliased boolean not null,
  ready boolean not null,
  registered_at bigint not null,
  proved_at bigint not null,
  deadline bigint not null,
  remind_at bigint not null,
  certified_at bigint not null,
  verified_at bigint not null,
  at_risk_at bigint not null,
  failed_checks bigint not null,
  notices bigint not null,
  checked_at bigint not null,
  next_check_at bigint not null,
  changed_at bigint not null,
  planned_at bigint not null,
  asked_at bigint not null,
  cause text not null,
  leased_until bigint not null,
  deleted_at bigint not null,
  unique (tenant_id, id)
);

CREATE INDEX tracking_domains_due on tracking_domains (next_check_at) where deleted_at = 0;

CREATE UNIQUE INDEX tracking_domains_serving on tracking_domains (name) where deleted_at = 0 and state in ('verified', 'at_risk');

CREATE UNIQUE INDEX tracking_domains_tenant_name on tracking_domains (tenant_id, name) where deleted_at = 0;

CREATE TABLE unsubscriptions (
  id text primary key,
  tenant_id text not null,
  message_id text not null,
  delivery_id text not null,
  class text not null,
  way text not null,
  undo boolean not null,
  happened_at bigint not null,
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);

CREATE INDEX unsubscriptions_delivery on unsubscriptions (tenant_id, delivery_id);

CREATE TABLE visit_hours (
  tenant_id text not null references tenants (id),
  kind text not null,
  hour bigint not null,
  people bigint not null,
  firsts bigint not null,
  unknown bigint not null,
  machines bigint not null,
  primary key (tenant_id, kind, hour)
);

CREATE TABLE visit_links (
  tenant_id text not null references tenants (id),
  day bigint not null,
  url text not null,
  people bigint not null,
  firsts bigint not null,
  unknown bigint not null,
  machines bigint not null,
  primary key (tenant_id, day, url)
);

CREATE TABLE visits (
  id text primary key,
  tenant_id text not null,
  message_id text not null,
  delivery_id text not null,
  kind text not null,
  happened_at bigint not null,
  link bigint not null,
  url text not null,
  agent text not null,
  visitor text not null,
  reason text not null,
  is_first boolean not null,
  foreign key (tenant_id, message_id) references messages (tenant_id, id)
);

CREATE INDEX visits_first on visits (message_id) where is_first;

CREATE INDEX visits_message on visits (tenant_id, message_id, id);

CREATE TABLE webhooks (
  id text primary key,
  tenant_id text not null references tenants (id),
  url text not null,
  kinds text not null,
  state text not null,
  secrets bytea not null,
  created_at bigint not null,
  failing_at bigint not null,
  retry_at bigint not null,
  reason text not null,
  lease_owner text not null,
  leased_until bigint not null,
  unique (tenant_id, id)
);

CREATE TABLE zone (
  one integer primary key check (one = 1),
  serial bigint not null
);
