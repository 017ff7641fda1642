-- The operator looks for domains that cannot send, or soon cannot.
create index domains_trouble on domains (state, registered_at, id) where deleted_at = 0 and state <> 'verified';
