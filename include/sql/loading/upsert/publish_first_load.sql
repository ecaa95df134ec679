-- Whether the staged table took the place of the feed's empty one.
select core.publish_first_load(%(feed)s, %(attempt_id)s, %(constants)s::jsonb);
