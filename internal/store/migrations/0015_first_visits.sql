-- Which links of a mail people have visited already is asked for every visit.
create index visits_first on visits (message_id) where is_first;
