-- Whether the feed has no rows yet, so that they may be staged in a table that takes its place.
select core.begin_first_load(%(feed)s, %(attempt_id)s, %(constants)s::jsonb);
