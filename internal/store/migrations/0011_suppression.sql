-- Suppression has a class, an end, probes and a way back; audits come before the first send; DSNs are written to senders.

create table suppressions_scoped (
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
-- What bounced so far may be probed a month from when it was entered.
insert into suppressions_scoped
select id, tenant_id, address_local, address_domain, folded, '', reason, evidence, message_id, '', '', '', created_at,
       0, case when reason = 'bounced' then created_at + 2592000000000 else 0 end,
       case when reason = 'bounced' then 2592000000000000 else 0 end, '', 0, ''
  from suppressions;
drop table suppressions;
alter table suppressions_scoped rename to suppressions;
-- One entry for an address and class is on the list; those taken off are kept.
create unique index suppressions_standing on suppressions (tenant_id, folded, class) where removed_at = 0;
create index suppressions_tenant on suppressions (tenant_id, id);
create index suppressions_batch on suppressions (tenant_id, batch) where batch <> '' and removed_at = 0;

alter table deliveries add column hold text not null default '';
alter table deliveries add column notify boolean not null default false;
alter table deliveries add column probe text not null default '';
create index deliveries_withheld on deliveries (tenant_id, recipient_domain) where state = 'held' and hold = 'suppressed';

-- A DSN to be written to the sender, until it is.
create table notices (
  delivery_id text primary key,
  tenant_id text not null,
  message_id text not null,
  due_at bigint not null,
  foreign key (tenant_id, delivery_id) references deliveries (tenant_id, id)
);
create index notices_due on notices (due_at, message_id);

create table list_audits (
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
create index list_audits_passed on list_audits (tenant_id, class) where passed;

create table list_audit_findings (
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
create index list_audit_findings_verdict on list_audit_findings (audit_id, verdict, number);
