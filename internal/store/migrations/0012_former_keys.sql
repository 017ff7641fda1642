-- A key that was replaced may still stand in its tenant's DNS, and is told from one that nobody knows.
create table former_keys (
  tenant_id text not null,
  domain_id text not null,
  selector text not null,
  algorithm text not null,
  public text not null,
  replaced_at bigint not null,
  primary key (tenant_id, domain_id, selector, replaced_at),
  foreign key (tenant_id, domain_id) references domains (tenant_id, id)
);
