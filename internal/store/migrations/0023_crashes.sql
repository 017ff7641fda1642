-- Crashes in a row are counted per delivery (P09), and a node that is back is known.
alter table deliveries add column crashes bigint not null default 0;
create index deliveries_crashed on deliveries (due_at, id) where crashes > 0 and state in ('accepted', 'deferred');
alter table nodes add column name text not null default '';
