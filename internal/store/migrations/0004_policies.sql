-- What the platform operator decides about sending: '' is the platform, else a tenant's id.
create table policies (
  tenant_id text primary key,
  policy text not null
);
-- What kind of mail a message is, and what a credential sends when it does not say.
alter table messages add column class text not null default 'transactional';
alter table credentials add column class text not null default '';
