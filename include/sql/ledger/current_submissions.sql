-- The current state of every feed, reporting unit and period, with the rows still held back.
select
    submission.feed,
    submission.reporting_unit,
    submission.period,
    submission.submission_id,
    delivery.file_name,
    delivery.rows_accepted,
    (
        select count(*)
        from quarantine.quarantined_row as held
        where
            held.feed = submission.feed
            and held.reporting_unit = submission.reporting_unit
            and held.period = submission.period
            and held.closed_by is null
    ) as rows_open
from ledger.submission
inner join ledger.delivery
    on submission.submission_id = delivery.submission_id and delivery.verdict <> 'duplicate'
where submission.is_current
order by submission.feed, submission.period, submission.reporting_unit;
