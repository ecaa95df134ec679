-- Loads of a feed go side by side; closing one of its periods waits for all of them.
select pg_advisory_xact_lock_shared(hashtext('dxpipeline.periods'), hashtext(%(feed)s));
