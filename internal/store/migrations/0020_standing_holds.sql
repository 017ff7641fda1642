-- What an operator or a tenant keeps from being sent: '' stands for any.
create table standing_holds (
  id text primary key,
  tenant_id text not null,
  recipient_domain text not null,
  message_id text not null,
  reason text not null,
  operator boolean not null,
  made_at bigint not null,
  lifted_at bigint not null
);
create index standing_holds_tenant on standing_holds (tenant_id, id);
create index deliveries_standing on deliveries (tenant_id, id) where state = 'held' and hold = 'standing';
