-- The submission is the current state from now on.
update ledger.submission
set is_current = true
where submission_id = %(submission_id)s;
