-- One submission at a time changes the versions of a feed's records; all that comes before goes on beside it.
select pg_advisory_xact_lock(hashtext('dxpipeline.versions'), hashtext(%(feed)s));
