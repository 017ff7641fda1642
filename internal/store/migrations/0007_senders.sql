-- Addresses that tenants put into From, and what else may entitle a message to be sent.
create table senders (
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
  changed_at bigint not null,
  unique (tenant_id, id),
  unique (tenant_id, label),
  unique (tenant_id, folded)
);
-- Of one address only one tenant can be sure; anybody may try.
create unique index senders_confirmed on senders (folded) where confirmed_at > 0;

-- Mails that ask to confirm an address. Rows outlive the address, because they
-- are counted: nobody gets many such mails, whoever asks for them.
create table confirmations (
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
create index confirmations_sender on confirmations (tenant_id, sender_id, id);
create index confirmations_folded on confirmations (folded, asked_at);
create index confirmations_open on confirmations (expires_at) where ending = '';

-- Addresses that have been asked, to take turns by; until when they are not asked again.
create table confirmation_addresses (
  folded text primary key,
  blocked_until bigint not null
);

-- A message may rest on a confirmed address, on the platform's own or on nothing
-- (the normal path) instead of a domain.
alter table messages alter column domain_id drop not null;
alter table messages add column sender_id text not null default '';
alter table messages add column basis text not null default 'domain';
alter table deliveries add column route text not null default 'delivery';
create index deliveries_held on deliveries (expires_at, id) where state = 'held';
