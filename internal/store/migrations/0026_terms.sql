-- What a submitter asks for one delivery beside that it be made, and DSNs that tell of more than failure.
alter table deliveries add column terms text not null default '{}';
alter table notices add column kind text not null default 'failed';
