-- The replaced submission and what mended it are history.
update ledger.submission
set
    is_current = false,
    state = 'superseded',
    superseded_by = %(submission_id)s
where submission_id = %(base)s or (mends_submission_id = %(base)s and state = 'loaded');
