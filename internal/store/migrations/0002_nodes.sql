-- A node that dies is noticed within seconds, so its leases need not run out first.

create table nodes (
  owner text primary key,
  alive_until bigint not null
);
-- Holds only what is leased just now.
create index deliveries_leased on deliveries (lease_owner) where lease_owner <> '';
