-- What recipients did: clicks and opens, each of them and summed up by hour and by link, and who unsubscribed.

create table visits (
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

create index visits_message on visits (tenant_id, message_id, id);

create table visit_hours (
  tenant_id text not null references tenants (id),
  kind text not null,
  hour bigint not null,
  people bigint not null,
  firsts bigint not null,
  unknown bigint not null,
  machines bigint not null,
  primary key (tenant_id, kind, hour)
);

create table visit_links (
  tenant_id text not null references tenants (id),
  day bigint not null,
  url text not null,
  people bigint not null,
  firsts bigint not null,
  unknown bigint not null,
  machines bigint not null,
  primary key (tenant_id, day, url)
);

create table unsubscriptions (
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

create index unsubscriptions_delivery on unsubscriptions (tenant_id, delivery_id);
