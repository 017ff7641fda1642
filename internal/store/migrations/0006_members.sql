-- People: who signs in, from where, and what they did.

create table members (
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
create index members_tenant on members (tenant_id, id);
create unique index members_subject on members (coalesce(tenant_id, ''), subject) where subject <> '';

create table sessions (
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
create index sessions_member on sessions (tenant_id, member_id);
create index sessions_expiry on sessions (expires_at);

create table tickets (
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
create index tickets_tenant on tickets (tenant_id, purpose, id);
create index tickets_expiry on tickets (expires_at);

-- tenant_id is '' for platform operators.
create table sign_in_rules (
  tenant_id text primary key,
  second_factor boolean not null,
  issuer text not null,
  client_id text not null,
  client_secret bytea not null,
  provider_only boolean not null,
  changed_at bigint not null
);

create table share_links (
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
create index share_links_domain on share_links (tenant_id, domain_id, id);

-- What was done, and where each trail ends. tenant_id is '' for the platform's.
create table audit (
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
create table audit_heads (
  tenant_id text primary key,
  number bigint not null,
  hash bytea not null
);

-- What a credential may do at the API. Those there are had everything.
alter table credentials add column role text not null default 'administrator';
