-- Waits for the loads of a feed that are under way; those that come next see the lock that is set meanwhile.
select pg_advisory_xact_lock(hashtext('dxpipeline.periods'), hashtext(%(feed)s));
