-- Events are numbered per tenant in the transaction that writes them, so that who reads by cursor misses none; and webhooks are told of them.
alter table events add column number bigint not null default 0;
update events set number = r.number
  from (select id, row_number() over (partition by tenant_id order by id) as number from events) r
 where r.id = events.id;
drop index events_tenant;
create unique index events_number on events (tenant_id, number);
create table event_counters (
  tenant_id text primary key references tenants (id),
  last bigint not null,
  webhooks bigint not null
);
insert into event_counters (tenant_id, last, webhooks)
  select tenant_id, max(number), 0 from events group by tenant_id;
create table webhooks (
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
create table notifications (
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
create index notifications_due on notifications (webhook_id, due_at) where state = 'due';
