-- The last attempt stands with its delivery until another follows it, since most deliveries need one.
alter table deliveries add column attempt_id text not null default '';
alter table deliveries add column attempt_number bigint not null default 0;
alter table deliveries add column attempt_outcome text not null default '';
