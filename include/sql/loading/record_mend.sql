-- The mended submission stays the current state.
update ledger.submission
set mends_submission_id = %(base)s
where submission_id = %(submission_id)s;
