-- Tracking domains with their checks, and the certificates of hosts.

create table tracking_domains (
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
create unique index tracking_domains_tenant_name on tracking_domains (tenant_id, name) where deleted_at = 0;
-- One tenant at most serves a name.
create unique index tracking_domains_serving on tracking_domains (name) where deleted_at = 0 and state in ('verified', 'at_risk');
create index tracking_domains_due on tracking_domains (next_check_at) where deleted_at = 0;

create table tracking_checks (
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
create index tracking_checks_domain on tracking_checks (tenant_id, tracking_id, id);

-- Without a tracking domain a certificate is for a name of the platform itself.
create table certificates (
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
create unique index certificates_platform on certificates (host) where tracking_id is null;
create index certificates_due on certificates (due_at);

-- What certificate authorities will look for while orders are under way.
create table challenges (
  certificate_id text not null references certificates (id),
  kind text not null,
  host text not null,
  name text not null,
  token text not null,
  value text not null,
  made_at bigint not null,
  primary key (certificate_id, kind, host, token, value)
);

create table acme_accounts (
  directory text primary key,
  sealed bytea not null,
  created_at bigint not null
);
