-- What is known of a submission only when it was read to its end.
update ledger.submission
set
    skipped_rows = %(skipped_rows)s,
    notes = %(notes)s
where submission_id = %(submission_id)s;
