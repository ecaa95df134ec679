-- Drops the staged table where it was to take the place of the feed's empty one and another one did.
select core.end_first_load(%(attempt_id)s);
