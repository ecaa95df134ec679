-- The issues of the rows that are in quarantine now.
select
    held.feed,
    held.reporting_unit,
    held.period,
    delivery.delivery_id,
    delivery.file_name,
    issue.sheet,
    issue.source_row,
    issue.column_name,
    issue.code,
    issue.severity,
    issue.value,
    issue.details
from quarantine.quarantined_row as held
inner join ledger.issue
    on
        held.submission_id = issue.submission_id
        and held.sheet = coalesce(issue.sheet, '')
        and held.source_row = issue.source_row
inner join ledger.delivery
    on held.submission_id = delivery.submission_id and delivery.verdict <> 'duplicate'
where held.closed_by is null
order by held.feed, held.period, delivery.received_seq, issue.source_row, issue.issue_id;
