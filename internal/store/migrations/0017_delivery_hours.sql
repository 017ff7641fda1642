-- Pictures of delivery over time cost the same whatever the number of messages.
create table delivery_hours (
  tenant_id text not null references tenants (id),
  hour bigint not null,
  delivered bigint not null,
  deferred bigint not null,
  bounced bigint not null,
  expired bigint not null,
  suppressed bigint not null,
  primary key (tenant_id, hour)
);
create index delivery_hours_hour on delivery_hours (hour);
insert into delivery_hours (tenant_id, hour, delivered, deferred, bounced, expired, suppressed)
select tenant_id, happened_at - happened_at % 3600000000,
       sum(case when kind = 'message.delivered' then 1 else 0 end),
       sum(case when kind = 'message.deferred' then 1 else 0 end),
       sum(case when kind = 'message.bounced' then 1 else 0 end),
       sum(case when kind = 'message.expired' then 1 else 0 end),
       sum(case when kind = 'message.suppressed' then 1 else 0 end)
  from events
 where kind in ('message.delivered', 'message.deferred', 'message.bounced', 'message.expired', 'message.suppressed')
 group by tenant_id, happened_at - happened_at % 3600000000;
