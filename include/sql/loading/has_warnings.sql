-- Whether a submission has any warning.
select exists(
    select
    from ledger.issue
    where submission_id = %(submission_id)s and severity = 'warning'
);
