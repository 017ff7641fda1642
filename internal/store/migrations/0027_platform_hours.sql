-- The operator's picture costs the same whatever the number of tenants.
create table platform_hours (
  hour bigint primary key,
  delivered bigint not null,
  deferred bigint not null,
  bounced bigint not null,
  expired bigint not null,
  suppressed bigint not null
);
