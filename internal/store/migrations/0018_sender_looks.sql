-- What a confirmed address rests on is looked at again: the DMARC of its domain.
alter table senders add column look_at bigint not null default 0;
alter table senders add column look_policy text not null default '';
alter table senders add column at_risk_at bigint not null default 0;
alter table senders add column refused_at bigint not null default 0;
create index senders_look on senders (look_at) where confirmed_at > 0;
