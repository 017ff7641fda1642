-- Keys that sign Domain Connect links. The public halves stand in our zone.
create table link_keys (
  label text primary key,
  public bytea not null,
  sealed bytea not null,
  created_at bigint not null
);
