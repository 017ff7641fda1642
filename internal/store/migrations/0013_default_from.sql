-- The address that a tenant writes from as a rule, asked for when a domain is registered.
alter table domains add column default_from text not null default '';
