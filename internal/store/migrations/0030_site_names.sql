-- What a node knew of sites is taken up by its next run, which has its name.
alter table site_states add column name text not null default '';
