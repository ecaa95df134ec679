-- One submission at a time changes the versions of a feed's records; all that comes before goes on beside it.
-- So only one at a time takes the memory in which the hash tables of a merge of millions of rows fit.
select
    pg_advisory_xact_lock(hashtext('dxpipeline.versions'), hashtext(%(feed)s)) as locked,
    set_config('work_mem', '256MB', true) as memory;
