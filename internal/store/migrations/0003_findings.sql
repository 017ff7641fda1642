-- What a check concluded is compared with the next one, and shown in lists.

-- At which DNS host the zone was, without reading the whole observation.
alter table checks add column dns_host text not null default '';
-- What was wrong at the last check, so that a change of it is told once.
alter table domains add column cause text not null default '';
-- When the plan was made, and when somebody last said that its records are entered.
alter table domains add column planned_at bigint not null default 0;
alter table domains add column asked_at bigint not null default 0;
