-- Nodes tell what they know of sites, and count what sources under warm-up have sent.
create table site_states (
  node text not null,
  site text not null,
  route text not null,
  pool text not null,
  source text not null,
  document text not null,
  reported_at bigint not null,
  resume boolean not null,
  primary key (node, site, route, pool, source)
);
create table sent_days (
  source text not null,
  site text not null,
  day bigint not null,
  messages bigint not null,
  primary key (source, site, day)
);
