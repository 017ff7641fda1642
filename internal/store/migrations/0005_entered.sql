-- Asking for a check is not saying that the records are entered.
-- Only the latter tells apart what was not saved from what was not done yet.
alter table domains rename column asked_at to entered_at;
update domains set entered_at = 0;
-- When Domain Connect last wrote the records.
alter table domains add column connected_at bigint not null default 0;
