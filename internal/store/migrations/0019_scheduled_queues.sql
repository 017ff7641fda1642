-- Let what is due and has no room at its site wait outside of the index of what is due.
alter table deliveries add column class text not null default '';
alter table deliveries add column pool text not null default '';
alter table deliveries add column queue text not null default '';
update deliveries set class = (select m.class from messages m where m.id = deliveries.message_id)
 where state in ('accepted', 'deferred', 'held');
drop index deliveries_due;
create index deliveries_due on deliveries (due_at, id) where state in ('accepted', 'deferred') and queue = '';
create index deliveries_queue on deliveries (queue, due_at, id) where state in ('accepted', 'deferred') and queue <> '';
create index deliveries_queue_end on deliveries (expires_at, id) where state in ('accepted', 'deferred') and queue <> '';
